import { type BaseSchedulerBackend, type Flowrra, StoppedError } from '@flowrra/core';
import { getSchedulerBackend } from './get-scheduler-backend.js';
import { withLedger } from './in-memory/single-node-ledger.js';
import type { BackendChoice } from './scheduler-options.js';

/** The store of a scheduler: made and opened at the first use, once; after a failure the next use tries again. */
export class LazyBackend {
  readonly #app: Flowrra;
  readonly #choice: BackendChoice;
  #made: Promise<BaseSchedulerBackend> | undefined;
  #opening: Promise<BaseSchedulerBackend> | undefined;
  #closed = false;

  constructor(app: Flowrra, choice: BackendChoice) {
    this.#app = app;
    this.#choice = choice;
  }

  /** @throws BackendError when it cannot be made or reached; StoppedError after `close` */
  open(): Promise<BaseSchedulerBackend> {
    if (this.#closed) return Promise.reject(new StoppedError('The scheduler'));
    this.#opening ??= this.#open().catch((err: unknown) => {
      this.#opening = undefined;
      throw err;
    });
    return this.#opening;
  }

  async #open(): Promise<BaseSchedulerBackend> {
    const { clock, logger } = this.#app;
    this.#made = this.#make();
    const backend = await this.#made;
    if (this.#closed) throw new StoppedError('The scheduler');
    try {
      await backend.open({ clock, logger });
    } catch (err) {
      await this.#closeOwn(backend);
      throw err;
    }
    return backend;
  }

  async #make(): Promise<BaseSchedulerBackend> {
    return withLedger(await getSchedulerBackend(this.#choice.target, this.#choice.options), this.#app.clock);
  }

  /**
   * Closes what was made here; an instance that was passed in is the user's. What is being opened is closed as well, which
   * ends its opening: a store that hangs would take longer than anybody waits for a process to end.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const backend = await this.#made?.catch(() => undefined);
    if (backend) await this.#closeOwn(backend);
  }

  async #closeOwn(backend: BaseSchedulerBackend): Promise<void> {
    const { target } = this.#choice;
    if (typeof target === 'string' || target === null) await backend.close();
  }
}
