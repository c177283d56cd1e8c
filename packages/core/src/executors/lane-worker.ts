import type { Lane } from '../brokers/base-broker.js';
import { sleep } from '../clock.js';
import type { ClaimedTask, StoreClaimReply } from '../stores/task-store.js';
import { abortableBy } from './abortable-by.js';
import { storeBackoff } from './backoff.js';
import type { WorkerSession } from './worker-session.js';

export interface LaneWorkerOptions {
  readonly queue: string;
  readonly lane: Lane;
  /** Tasks that may run at once. */
  readonly slots: number;
  readonly worker: string;
  readonly pollInterval: number;
  /** Sees a claimed task through to its end; resolves when its slot is free again. Never rejects. */
  readonly run: (task: ClaimedTask) => Promise<void>;
}

/** Serves one lane of one queue: claims never more than its free slots, and sleeps while there is no work. */
export class LaneWorker {
  readonly #session: WorkerSession;
  readonly #options: LaneWorkerOptions;
  #free: number;
  #slotFreed: (() => void) | null = null;
  #loop: Promise<void> | null = null;
  /** Claims in a row that failed. */
  #failures = 0;

  constructor(session: WorkerSession, options: LaneWorkerOptions) {
    this.#session = session;
    this.#options = options;
    this.#free = options.slots;
  }

  get queue(): string {
    return this.#options.queue;
  }

  get lane(): Lane {
    return this.#options.lane;
  }

  start(): void {
    this.#loop ??= this.#serve();
  }

  /** Once the session stops: resolves when no claim is under way. What runs goes on. */
  async stopped(): Promise<void> {
    this.#slotFreed?.();
    await this.#loop;
  }

  async #serve(): Promise<void> {
    while (!this.#session.stopping.aborted) {
      if (this.#free === 0) await new Promise<void>((resolve) => (this.#slotFreed = resolve));
      else await this.#claimOnce();
    }
  }

  async #claimOnce(): Promise<void> {
    const permit = await this.#session.gate.enter(this);
    if (!permit) return;
    const endClaim = this.#session.beginClaim();
    const reply = await this.#claim(permit.alone);
    const tasks = reply?.claims ?? [];
    // One task, with crashes behind it, handed to an empty process: it is, or may be, on its last chance.
    const stayAlone = permit.alone && tasks.length === 1 && (tasks[0] as ClaimedTask).crashes > 0;
    this.#session.gate.leave(permit, tasks.length, stayAlone);
    for (const task of tasks) void this.#run(task);
    endClaim();
    if (!reply) return;
    const asked = reply.lastChanceWaiting && this.#session.gate.requestAlone(this);
    if (tasks.length === 0 && !asked) await this.#idle(reply.nextDueIn);
  }

  /** Null when the store failed; the pause is over by then. */
  async #claim(alone: boolean): Promise<StoreClaimReply | null> {
    const { queue, lane, worker } = this.#options;
    const { clock, lease, logger } = this.#session.options;
    try {
      const reply = await this.#session.store.claim({ queue, lane, count: this.#free, worker, leaseMs: lease, alone });
      if (this.#failures > 0) logger.info({ queue, lane }, 'the store answers again');
      this.#failures = 0;
      return reply;
    } catch (err) {
      this.#failures++;
      if (this.#failures === 1) logger.error({ err, queue, lane }, 'claiming failed; going on trying');
      await sleep(clock, storeBackoff(this.#failures), { signal: this.#session.stopping }).catch(() => {});
      return null;
    }
  }

  async #run(task: ClaimedTask): Promise<void> {
    this.#free--;
    try {
      await this.#options.run(task);
    } finally {
      this.#free++;
      this.#session.gate.done();
      this.#slotFreed?.();
      this.#slotFreed = null;
    }
  }

  /** Until work is announced, a delayed task is due, or it is time to look anyway. */
  async #idle(nextDueIn: number | null): Promise<void> {
    const { queue, pollInterval } = this.#options;
    const { clock, logger } = this.#session.options;
    const over = abortableBy(this.#session.stopping);
    const pause = sleep(clock, Math.min(pollInterval, nextDueIn ?? pollInterval), over).catch(() => {});
    const announced = this.#session.store.waitForWork([queue], over).catch((err: unknown) => {
      // Without announcements the poll interval alone decides.
      if (!over.signal.aborted) logger.debug({ err, queue }, 'listening for work failed');
      return pause;
    });
    await Promise.race([announced, pause]);
    over.end();
  }
}
