import type { Lane, OpenClaim } from '../brokers/base-broker.js';
import { sleep } from '../clock.js';
import { onAbort } from '../on-abort.js';
import { ShortLivedSet } from '../short-lived.js';
import type { ClaimedTask, StoreClaimReply } from '../stores/task-store.js';
import { abortableBy } from './abortable-by.js';
import type { ClaimPermit } from './alone-gate.js';
import { storeBackoff } from './backoff.js';
import type { Slot, WorkerSession } from './worker-session.js';

export interface LaneWorkerOptions {
  readonly queue: string;
  readonly lane: Lane;
  /** Tasks that may run at once. */
  readonly slots: number;
  readonly worker: string;
  readonly pollInterval: number;
  /** Sees a claimed task through to its end; its slot is free then, if not before. Never throws. */
  readonly run: (task: ClaimedTask, slot: Slot) => void;
}

/**
 * Serves one lane of one queue: claims never more than its free slots, and sleeps while there is no work. While there is
 * plenty of it, each claim is for half of the slots, so that the store is at work for one half while the other half runs.
 */
export class LaneWorker {
  readonly #session: WorkerSession;
  readonly #options: LaneWorkerOptions;
  /** Slots that no task has, and no claim under way may fill. */
  #free: number;
  readonly #claims = new ShortLivedSet<Promise<void>>();
  /** Whether the last claim brought all that it asked for. */
  #plenty = false;
  /** Resolves when the next batch may begin. */
  #turn: Promise<void> = Promise.resolve();
  /** Claims in a row that failed. */
  #failures = 0;
  /** Ends a wait for work. It serves the next one as well, until it had to: most waits end by themselves. */
  #pause: ReturnType<typeof abortableBy> | null = null;

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
    this.#claimMore();
  }

  /** Once the session stops: resolves when no claim is under way. What runs goes on. */
  async stopped(): Promise<void> {
    await Promise.all(this.#claims.values());
  }

  slotTaken(): void {
    this.#free--;
  }

  slotFreed(): void {
    this.#free++;
    if (this.#free >= this.#half) this.#claimMore();
    // What ends in one turn is followed by one claim.
    else if (this.#free === 1) setImmediate(() => this.#claimMore());
  }

  get #half(): number {
    return Math.ceil(this.#options.slots / 2);
  }

  #claimMore(): void {
    while (this.#mayClaim()) {
      const count = Math.min(this.#free, this.#half);
      this.#free -= count;
      const claim = this.#claimOnce(count).then(() => {
        this.#claims.delete(claim);
        // There may be no more: what ends in this turn is told first. And who was told of work in vain, for ever perhaps,
        // leaves the event loop to others.
        if (this.#plenty) this.#claimMore();
        else setImmediate(() => this.#claimMore());
      });
      this.#claims.add(claim);
    }
  }

  #mayClaim(): boolean {
    return !this.#session.stopping.aborted && this.#free > 0 && this.#claims.size < (this.#plenty ? 2 : 1);
  }

  /** Claims for `count` slots, which were set aside. When there was nothing, it is over as soon as there may be something. */
  async #claimOnce(count: number): Promise<void> {
    // The end that freed a slot is told before the claim that fills it: this takes a turn of the microtask queue.
    const permit = await this.#session.gate.enter(this);
    if (!permit) return;
    const endClaim = this.#session.beginClaim();
    const reply = await this.#claim(count, permit.alone);
    const tasks = reply?.claims ?? [];
    if (tasks.length > 0) await this.#nextTurn();
    this.#free += count;
    this.#plenty = tasks.length === count;
    this.#runAll(tasks, permit);
    // What an open claim brings may be cancelled before it is here, too.
    if (!reply?.open) endClaim();
    // A turn of the microtask queue is left out where nothing is to be awaited: ends of tasks would come before the claim.
    if (reply && this.#mayIdle(reply)) await this.#idle(reply);
    if (reply?.open) endClaim();
  }

  #runAll(tasks: readonly ClaimedTask[], permit: ClaimPermit): void {
    // One task, with crashes behind it, handed to an empty process: it is, or may be, on its last chance.
    const stayAlone = permit.alone && tasks.length === 1 && (tasks[0] as ClaimedTask).crashes > 0;
    this.#session.gate.leave(permit, tasks.length, stayAlone);
    for (const task of tasks) this.#options.run(task, new LaneSlot(this));
  }

  /** Whether nothing is to be done until there is news. */
  #mayIdle({ claims, lastChanceWaiting }: StoreClaimReply): boolean {
    const asked = lastChanceWaiting && this.#session.gate.requestAlone(this);
    // News of work is for who claims after it: another claim under way may have come too early, and must hear it, too.
    const isLast = this.#claims.size === 1;
    return claims.length === 0 && !asked && isLast;
  }

  /** Runs what an open claim brings, until it is over. */
  async #serve(open: OpenClaim<ClaimedTask>): Promise<void> {
    const goingBack: Promise<void>[] = [];
    const take = (tasks: readonly ClaimedTask[]): void => {
      const permit = this.#session.gate.tryEnter(this);
      if (permit) {
        this.#runAll(tasks, permit);
      } else {
        open.close();
        goingBack.push(this.#giveBack(tasks));
      }
    };
    await open.hear(take, () => Math.min(this.#free, this.#half));
    await Promise.all(goingBack);
  }

  /** The process is for one task alone by now, or stops. The last goes first, as each goes to the front. */
  async #giveBack(tasks: readonly ClaimedTask[]): Promise<void> {
    const { store, options } = this.#session;
    const back = tasks.toReversed().map((task) => store.release(task, { runAt: null, reason: 'unstarted' }));
    for (const release of await Promise.allSettled(back))
      if (release.status === 'rejected')
        options.logger.warn(
          { err: release.reason },
          'a task could not be given back; it comes back when its lease ends',
        );
  }

  /** Null when the store failed; the pause is over by then. */
  async #claim(count: number, alone: boolean): Promise<StoreClaimReply | null> {
    const { queue, lane, worker } = this.#options;
    const { clock, lease, logger } = this.#session.options;
    try {
      const request = { queue, lane, count, worker, leaseMs: lease, alone, mayStayOpen: !alone && !this.#plenty };
      const reply = await this.#session.store.claim(request);
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

  /**
   * Two claims may be answered at once: each batch gets a turn of the event loop to itself, so that the end of the first is
   * on its way while the second runs.
   */
  #nextTurn(): Promise<void> {
    const turn = this.#turn;
    this.#turn = turn.then(() => new Promise((resolve) => setImmediate(resolve)));
    return turn;
  }

  /** Until work is announced or there, a delayed task is due, or it is time to look anyway. */
  async #idle({ nextDueIn, open }: StoreClaimReply): Promise<void> {
    const { queue, lane, pollInterval } = this.#options;
    const { clock, logger } = this.#session.options;
    this.#pause ??= abortableBy(this.#session.stopping);
    const { signal, end } = this.#pause;
    const endPause = (): void => {
      this.#pause = null;
      end();
    };
    const timer = clock.after(Math.min(pollInterval, nextDueIn ?? pollInterval), endPause);
    const served = open && this.#serve(open).then(endPause);
    let stopListening: (() => void) | undefined;
    const over = new Promise<void>((resolve) => (stopListening = onAbort(signal, resolve)));
    const announced = this.#session.store.waitForWork([queue], { signal, lane }).catch((err: unknown) => {
      // Without announcements the poll interval alone decides.
      if (!signal.aborted) logger.debug({ err, queue }, 'listening for work failed');
      return over;
    });
    await Promise.race([announced, over]);
    stopListening?.();
    timer.cancel();
    open?.close();
    await served;
  }
}

class LaneSlot implements Slot {
  readonly #lane: LaneWorker;
  #taken = false;

  constructor(lane: LaneWorker) {
    this.#lane = lane;
    this.take();
  }

  take(): void {
    if (this.#taken) return;
    this.#taken = true;
    this.#lane.slotTaken();
  }

  free(): void {
    if (!this.#taken) return;
    this.#taken = false;
    this.#lane.slotFreed();
  }
}
