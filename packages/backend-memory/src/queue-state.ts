import type { Lane, QueueSize } from '@flowrra/core';
import type { HeldMessage } from './held-message.js';
import { LaneQueue } from './lane-queue.js';

/** A message that was given up. */
export interface Burial {
  readonly message: HeldMessage;
  readonly reason: string;
  /** Epoch ms. */
  readonly diedAt: number;
}

/** One queue: its lanes, its dead letters, and how many messages are in which state. */
export class QueueState {
  readonly lanes = new Map<Lane, LaneQueue>();
  /** By id, the latest last. */
  readonly dead = new Map<string, Burial>();
  paused = false;
  readonly #counts = { waiting: 0, delayed: 0, running: 0, dead: 0, nowhere: 0 };

  constructor(
    readonly name: string,
    readonly maxCrashes: number,
  ) {}

  lane(name: Lane): LaneQueue {
    let lane = this.lanes.get(name);
    if (!lane) {
      lane = new LaneQueue(this, this.maxCrashes);
      this.lanes.set(name, lane);
    }
    return lane;
  }

  /** Changes the state of a message of this queue, and the counts with it. */
  move(message: HeldMessage, state: HeldMessage['state']): void {
    this.#counts[message.state]--;
    this.#counts[state]++;
    message.state = state;
  }

  /** @returns whether delayed messages became due */
  promote(now: number): boolean {
    let promoted = false;
    for (const lane of this.lanes.values()) {
      if (!lane.promote(now)) continue;
      lane.hasNews = true;
      promoted = true;
    }
    return promoted;
  }

  /** Whether work came to the lane (default: to any) since its last claim that found less than it wanted; asking takes the news away. */
  takeNews(of?: Lane): boolean {
    if (this.paused) return false;
    for (const [name, lane] of this.lanes) {
      if (!lane.hasNews || (of && name !== of)) continue;
      lane.hasNews = false;
      return true;
    }
    return false;
  }

  get backlog(): number {
    return this.#counts.waiting + this.#counts.delayed;
  }

  size(): QueueSize {
    const { waiting, delayed, running, dead } = this.#counts;
    return { waiting, delayed, running, dead };
  }
}
