import { type Logger, systemClock, type Timer } from '@flowrra/core';
import type { ChangeListener } from '@flowrra/scheduler/sql';
import { Client, type ClientConfig } from 'pg';

/** How often somebody who waits is woken while nothing can be heard. */
const LOOK_EVERY = 4_500;
/** How often a connection without news is asked whether it is still there: once a minute, one query. */
const CHECK_EVERY = 60_000;
const CHECK_TIMEOUT = 5_000;
const LONGEST_PAUSE = 30_000;

/** A channel's name, which is an identifier: the tables of one prefix in one database are one store. */
export function channelName(tablePrefix: string): string {
  return `${tablePrefix}changes`;
}

/**
 * Listens for changes by LISTEN on a connection of its own, which is made again, after growing pauses, when it is lost.
 * While it is not there, the listener is told to look every few seconds. Keeps no process alive.
 */
export class ChangeChannel {
  readonly #config: ClientConfig;
  readonly #channel: string;
  readonly #listener: ChangeListener;
  readonly #logger: Logger;
  #client: Client | null = null;
  #timer: Timer | null = null;
  #failures = 0;
  #ended = false;

  constructor(config: ClientConfig, tablePrefix: string, listener: ChangeListener, logger: Logger) {
    this.#config = config;
    this.#channel = channelName(tablePrefix);
    this.#listener = listener;
    this.#logger = logger;
    void this.#connect();
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#drop();
  }

  async #connect(): Promise<void> {
    const client = new Client({
      ...this.#config,
      // A pool hides it in its options, and so from the line above.
      password: this.#config.password,
      // The kernel notices a host that is gone within half a minute, and asks nothing of the server.
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: CHECK_TIMEOUT,
    });
    this.#client = client;
    // An error comes without an end when the connection cannot be made, and an end without an error when it is closed.
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ payload }) => {
      if (payload !== this.#listener.self) this.#listener.onChange();
    });
    try {
      await client.connect();
      (client as unknown as { unref(): void }).unref();
      await ask(client, `listen "${this.#channel}"`);
    } catch (err) {
      return this.#lost(client, err);
    }
    if (this.#client !== client) return;
    this.#failures = 0;
    // What happened before was not heard.
    this.#listener.onChange();
    this.#checkLater(client);
  }

  /** A connection can be gone without a word; then the check gets no answer. */
  #checkLater(client: Client): void {
    this.#after(CHECK_EVERY, () => {
      ask(client, 'select 1').then(
        () => this.#client === client && this.#checkLater(client),
        (err: unknown) => this.#lost(client, err),
      );
    });
  }

  #lost(client: Client, err?: unknown): void {
    if (this.#ended || this.#client !== client) return;
    this.#drop();
    this.#failures++;
    if (this.#failures === 1) {
      this.#logger.warn(
        { err },
        'Not listening for changes of schedules: looking for them every 5 s until it works again.',
      );
    }
    this.#lookUntil(Math.min(LONGEST_PAUSE, 250 * 2 ** this.#failures) * (0.5 + Math.random() / 2));
  }

  /** Lets look now and then, and tries to connect after `left` milliseconds. */
  #lookUntil(left: number): void {
    const step = Math.min(left, LOOK_EVERY);
    this.#listener.onChange();
    this.#after(step, () => (left > step ? this.#lookUntil(left - step) : void this.#connect()));
  }

  #after(ms: number, run: () => void): void {
    this.#timer?.cancel();
    if (!this.#ended) this.#timer = systemClock.after(ms, run, { keepAlive: false });
  }

  #drop(): void {
    const client = this.#client;
    this.#client = null;
    // Rejects when the connection is lost already.
    client?.end().catch(() => {});
  }
}

function ask(client: Client, text: string): Promise<unknown> {
  // `query_timeout` is an option of pg that its types leave out here.
  return client.query({ text, query_timeout: CHECK_TIMEOUT } as { text: string });
}
