import { type BaseSchedulerBackend, type Flowrra, StoppedError } from '@flowrra/core';
import { getSchedulerBackend } from './get-scheduler-backend.js';
import { withLedger } from './in-memory/single-node-ledger.js';
import type { BackendChoice } from './scheduler-options.js';

/** The store of a scheduler: made and opened at the first use, once; after a failure the next use tries again. */
export class LazyBackend {
  readonly #app: Flowrra;
  readonly #choice: BackendChoice;
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
    const backend = await getSchedulerBackend(this.#choice.target, this.#choice.options);
    try {
      await backend.open({ clock, logger });
    } catch (err) {
      await this.#closeOwn(backend);
      throw err;
    }
    return withLedger(backend, clock);
  }

  /** Closes what was made here; an instance that was passed in is the user's. */
  async close(): Promise<void> {
    this.#closed = true;
    const backend = await this.#opening?.catch(() => undefined);
    if (backend) await this.#closeOwn(backend);
  }

  async #closeOwn(backend: BaseSchedulerBackend): Promise<void> {
    const { target } = this.#choice;
    if (typeof target === 'string' || target === null) await backend.close();
  }
}
