import type { ReleaseReason, TaskStatus, Verdict } from '@flowrra/core';

/** What a run of a task returned or threw: nobody else can have made it. */
export interface RunValue {
  readonly id: string;
  readonly fence: number;
  readonly attempt: number;
  readonly nonce: string;
}

/** What somebody saw of a task. */
export interface Seen {
  readonly status: TaskStatus;
  readonly fence: number;
  readonly attempt: number;
  /** What it returned, or threw when it failed by itself; null when it did neither. */
  readonly value: RunValue | null;
  /** The error's code, when it ended for another reason. */
  readonly code: string | null;
}

export interface Claimed {
  readonly id: string;
  readonly fence: number;
  readonly attempt: number;
  readonly crashes: number;
  readonly verdict: Verdict;
}

/** The tasks of the load; see actors/worker.mjs. */
export type LoadKind = 'work' | 'long' | 'flaky' | 'fails' | 'poison' | 'tick';

interface Fenced {
  readonly id: string;
  readonly fence: number;
}
interface Called {
  readonly id: string;
  /** Tells the calls of one actor apart. */
  readonly call: number;
}
interface Refused {
  readonly code: string;
}

/**
 * One line of what an actor did or saw. A call is `invoke`, then `ok`, `fail` (certainly not done) or `info` (nobody
 * knows); one that was open when its actor died counts as `info`. `at` is the machine's monotonic clock in milliseconds,
 * the same for all processes; `wall` is its clock for people, epoch ms.
 */
export type HistoryEntry = { readonly at: number; readonly actor: string } & (
  | (Called & {
      readonly event: 'submit.invoke';
      readonly kind: LoadKind;
      readonly delay: number;
      readonly priority: number;
      readonly wall: number;
    })
  | (Called & { readonly event: 'submit.ok'; readonly known: boolean })
  | (Called & Refused & { readonly event: 'submit.fail' | 'submit.info' })
  | (Called & { readonly event: 'cancel.invoke' | 'wait.invoke' | 'read.invoke' })
  | (Called & { readonly event: 'cancel.ok'; readonly asked: boolean })
  | (Called & { readonly event: 'wait.ok'; readonly seen: Seen })
  | (Called & { readonly event: 'read.ok'; readonly seen: Seen | null })
  | (Called & Refused & { readonly event: 'cancel.info' | 'wait.fail' | 'read.fail' })
  /** A claim that brought something; `since` is when it was asked for. */
  | { readonly event: 'claim'; readonly since: number; readonly claims: readonly Claimed[] }
  | (Fenced & { readonly event: 'finish.invoke' | 'retry.invoke' })
  | (Fenced & { readonly event: 'release.invoke'; readonly reason: ReleaseReason })
  | (Fenced & { readonly event: 'finish.ok' | 'retry.ok' | 'release.ok'; readonly accepted: boolean })
  | (Fenced & Refused & { readonly event: 'finish.info' | 'retry.info' | 'release.info' })
  | (RunValue & { readonly event: 'run.start'; readonly wall: number })
  | (RunValue & { readonly event: 'run.end' })
  /** The actor, or a server that it asked, stood still for so long. */
  | { readonly event: 'stall'; readonly ms: number }
  | { readonly event: 'up' | 'down' }
  /** `actors`: whom it concerns; null: all. */
  | { readonly event: 'fault.begin'; readonly fault: number; readonly kind: string; readonly actors: string[] | null }
  | { readonly event: 'fault.end'; readonly fault: number }
  | { readonly event: 'memory'; readonly heap: number; readonly resources: number }
  | { readonly event: 'log'; readonly level: string; readonly message: string; readonly error?: string | undefined }
);

export type EntryOf<Name extends HistoryEntry['event']> = Extract<HistoryEntry, { readonly event: Name }>;
