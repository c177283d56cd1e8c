import type { Verdict } from '@flowrra/core';
import type { Due } from './due-heap.js';
import type { LaneQueue } from './lane-queue.js';

/** A message that the broker holds, and all that is known of it. */
export interface HeldMessage extends Due {
  readonly id: string;
  readonly lane: LaneQueue;
  readonly priority: number;
  readonly submittedAt: number;
  /** Epoch ms; null: never, or it was begun in time. */
  expiresAt: number | null;
  /** Whether it was handed out in time when it was handed out last. */
  inTime: boolean;
  readonly remembered: boolean;
  readonly payload: string;
  /** `nowhere`: not taken in yet, or removed, although lists may still name it. */
  state: 'waiting' | 'delayed' | 'running' | 'dead' | 'nowhere';
  fence: number;
  attempt: number;
  crashes: number;
  cancelled: boolean;
  deferredSince: number | null;
}

/** What its next holder must do with a message. */
export function verdictOf(message: HeldMessage, now: number, maxCrashes: number): Verdict {
  if (message.cancelled) return 'cancelled';
  if (message.crashes >= maxCrashes) return 'exhausted';
  return message.expiresAt !== null && message.expiresAt <= now ? 'expired' : 'run';
}

/** One more crash and it is given up. A message that never crashed is not suspected, however small the limit. */
export function isOnLastChance(message: HeldMessage, maxCrashes: number): boolean {
  return message.crashes > 0 && message.crashes === maxCrashes - 1;
}
