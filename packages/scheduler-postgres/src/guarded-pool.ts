import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type { Client, Pool, PoolClient } from 'pg';
import { isServerError } from './postgres-errors.js';

/** Milliseconds after which a server that does not answer a query is taken for gone. */
const QUERY_TIMEOUT = 12_000;

/**
 * The pool as Kysely sees it: the end of a session ends no process, and a client whose query is still unanswered is not
 * used again. A pool of our own gets `settings` for its sessions, before their first use.
 */
export class GuardedPool implements PostgresPool {
  readonly #pool: Pool;
  readonly #guarded = new WeakSet<PoolClient>();
  readonly #prepared = new WeakSet<PoolClient>();
  readonly #inUse = new Set<PoolClient>();
  readonly #settings: string | null;
  readonly #onIdleError: (err: Error) => void;

  /**
   * @param settings a statement, or null
   * @param onIdleError hears of clients that are lost while nobody uses them, which the pool then replaces
   */
  constructor(pool: Pool, settings: string | null, onIdleError: (err: Error) => void) {
    this.#pool = pool;
    this.#settings = settings;
    this.#onIdleError = onIdleError;
    pool.on('error', onIdleError);
    pool.on('acquire', this.#guard);
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#pool.connect();
    this.#inUse.add(client);
    const guarded = guardedClient(client, () => this.#inUse.delete(client));
    if (this.#settings === null || this.#prepared.has(client)) return guarded;
    try {
      await guarded.query(this.#settings, []);
    } catch (err) {
      guarded.release();
      throw err;
    }
    this.#prepared.add(client);
    return guarded;
  }

  /** Ends the clients that Kysely has not given back: their server does not answer. */
  endInUse(): void {
    // With a query under way its connection is destroyed, without it ended; what comes of that matters to nobody.
    for (const client of this.#inUse) (client as unknown as Client).end().catch(() => {});
  }

  /** Leaves the pool as it was. */
  detach(): void {
    this.#pool.off('error', this.#onIdleError);
    this.#pool.off('acquire', this.#guard);
  }

  /** Kysely may not end what others use. */
  async end(): Promise<void> {}

  /**
   * The pool listens for errors of a client only while it is idle, and an error that nobody hears ends the process. It can
   * come in one packet with the answer that makes the client ready: listening later would be too late.
   */
  readonly #guard = (client: PoolClient): void => {
    if (this.#guarded.has(client)) return;
    this.#guarded.add(client);
    client.on('error', () => {});
  };
}

function guardedClient(client: PoolClient, onRelease: () => void): PostgresPoolClient {
  let broken: Error | undefined;
  const query = async (text: string, values: readonly unknown[]) => {
    try {
      // `query_timeout` is an option of pg that its types leave out here.
      return await client.query({ text, values: [...values], query_timeout: QUERY_TIMEOUT } as { text: string });
    } catch (err) {
      if (!isServerError(err)) broken = err as Error;
      throw err;
    }
  };
  return {
    // Kysely's second form of it is for cursors, of which it was given none.
    query: query as unknown as PostgresPoolClient['query'],
    release: () => {
      onRelease();
      client.release(broken);
    },
  };
}
