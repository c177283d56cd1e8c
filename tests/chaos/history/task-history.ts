import type { ReleaseReason } from '@flowrra/core';
import type { Claimed, LoadKind, RunValue, Seen } from './entries.js';

/** How a call ended; `info`: nobody knows, also because its actor died. */
export type CallEnd = 'ok' | 'fail' | 'info';

/** A call, from when it was made to when its end was known; `to` is infinite for one that stayed open. */
export interface Call {
  readonly actor: string;
  readonly from: number;
  to: number;
  end: CallEnd;
}

export interface Submit extends Call {
  readonly kind: LoadKind;
  readonly delay: number;
  readonly priority: number;
  readonly wall: number;
  known: boolean;
}

/** A read, or a wait: that is a read which takes its time. */
export interface Sight extends Call {
  readonly waited: boolean;
  seen: Seen | null;
  code: string | null;
}

export interface Delivery extends Claimed {
  readonly actor: string;
  /** When the claim was asked for, and when its reply was there. */
  readonly from: number;
  readonly to: number;
}

export interface Run extends RunValue {
  readonly actor: string;
  readonly from: number;
  readonly wall: number;
  to: number;
}

/** A holder's word on what becomes of the task. */
export interface Settlement extends Call {
  readonly fence: number;
  readonly what: 'finish' | 'retry' | 'release';
  readonly reason: ReleaseReason | null;
  accepted: boolean;
}

/** All that happened to one id, each list in the order of beginning. */
export class TaskHistory {
  readonly submits: Submit[] = [];
  readonly cancels: Call[] = [];
  readonly sights: Sight[] = [];
  readonly deliveries: Delivery[] = [];
  readonly runs: Run[] = [];
  readonly settlements: Settlement[] = [];

  constructor(readonly id: string) {}

  /** The first submit that was accepted. */
  get accepted(): Submit | undefined {
    return this.submits.find(({ end }) => end === 'ok');
  }

  get kind(): LoadKind | undefined {
    return this.submits[0]?.kind;
  }

  /** When its end was known to somebody for the first time. */
  get endedAt(): number {
    const accepted = this.settlements.filter((one) => one.what === 'finish' && one.accepted);
    return Math.min(...accepted.map(({ to }) => to), ...this.ends.map(({ to }) => to));
  }

  /** When it may have ended at the earliest: somebody said so, and died before there was an answer. */
  get mayHaveEndedAt(): number {
    const unclear = this.settlements.filter(({ what, end }) => what === 'finish' && end === 'info');
    return Math.min(this.endedAt, ...unclear.map(({ from }) => from));
  }

  /** The times that somebody saw it ended. */
  get ends(): (Sight & { readonly seen: Seen })[] {
    return this.sights.filter((sight): sight is Sight & { readonly seen: Seen } => isEnd(sight.seen));
  }
}

export function isEnd(seen: Seen | null): boolean {
  return seen !== null && ['success', 'failed', 'cancelled'].includes(seen.status);
}
