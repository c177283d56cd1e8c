import { DueHeap } from './due-heap.js';
import { Fifo } from './fifo.js';
import { type HeldMessage, isOnLastChance } from './held-message.js';
import { PriorityQueue } from './priority-queue.js';
import type { QueueState } from './queue-state.js';

/**
 * The waiting and delayed messages of one lane. A message that is cancelled or purged stays in its list until its turn
 * comes, and is passed over then.
 */
export class LaneQueue {
  /** To be ended instead of run: cancelled, or crashed too often. Before all others. */
  #urgent = new Fifo<HeldMessage>();
  #lastChance = new Fifo<HeldMessage>();
  #waiting = new PriorityQueue<HeldMessage>();
  #delayed = new DueHeap<HeldMessage>();
  /** Something came since the last claim that found less than it wanted. */
  hasNews = false;

  constructor(
    readonly queue: QueueState,
    readonly maxCrashes: number,
  ) {}

  /** Makes a message wait behind, or in front of, the others of its priority. */
  put(message: HeldMessage, where: 'back' | 'front' = 'back'): void {
    this.queue.move(message, 'waiting');
    if (message.cancelled || message.crashes >= this.maxCrashes) this.#urgent.push(message);
    else if (isOnLastChance(message, this.maxCrashes)) this.#lastChance.push(message);
    else if (where === 'front') this.#waiting.unshift(message);
    else this.#waiting.push(message);
  }

  delay(message: HeldMessage, until: number): void {
    message.dueAt = until;
    this.queue.move(message, 'delayed');
    this.#delayed.add(message);
  }

  /** A waiting or delayed message is to be handed out next, with its verdict. */
  cancel(message: HeldMessage): void {
    if (message.state === 'delayed') this.#delayed.remove(message);
    else if (message.crashes >= this.maxCrashes) return; // It is among the urgent ones already.
    this.put(message);
  }

  /** @returns whether delayed messages became due */
  promote(now: number): boolean {
    const next = this.#delayed.peek();
    if (!next || next.dueAt > now) return false;
    for (const message of this.#delayed.takeDue(now)) this.put(message);
    return true;
  }

  /** Up to `count` messages; one on its last chance only when the taker is alone, and then nothing else. */
  take(count: number, alone: boolean): HeldMessage[] {
    const taken: HeldMessage[] = [];
    while (taken.length < count) {
      const urgent = this.#nextUrgent();
      if (!urgent && alone && taken.length === 0 && this.lastChanceWaiting)
        return [this.#lastChance.shift() as HeldMessage];
      const next = urgent ?? this.#nextWaiting();
      if (!next) break;
      taken.push(next);
    }
    return taken;
  }

  get lastChanceWaiting(): boolean {
    for (let next = this.#lastChance.peek(); next; next = this.#lastChance.peek()) {
      if (next.state === 'waiting' && !next.cancelled) return true;
      this.#lastChance.shift();
    }
    return false;
  }

  /** Epoch ms; undefined when nothing is delayed. */
  get nextDueAt(): number | undefined {
    return this.#delayed.peek()?.dueAt;
  }

  clear(): void {
    this.#urgent = new Fifo();
    this.#lastChance = new Fifo();
    this.#waiting = new PriorityQueue();
    this.#delayed = new DueHeap();
  }

  #nextUrgent(): HeldMessage | undefined {
    let next = this.#urgent.shift();
    while (next && next.state !== 'waiting') next = this.#urgent.shift();
    return next;
  }

  #nextWaiting(): HeldMessage | undefined {
    let next = this.#waiting.shift();
    while (next && (next.state !== 'waiting' || next.cancelled)) next = this.#waiting.shift();
    return next;
  }
}
