import type { FiringMark } from '@flowrra/core';
import fc from 'fast-check';

export const IDS = ['a', 'b', 'c'] as const;
type Id = (typeof IDS)[number];
export type NodeName = 'node-1' | 'node-2';
/** What a node makes of a slot: it runs, is skipped, or runs as the last one. */
export type Verdict = 'run' | 'skip' | 'last';

/** One thing that is done to schedules. Instants are seconds from now. */
export type ClaimStep =
  | { do: 'create'; id: Id; next: number }
  | { do: 'edit'; id: Id; next: number | null; enabled: boolean }
  | { do: 'runTimes'; id: Id; next: number }
  | { do: 'delete'; id: Id }
  /** The node keeps what it reads, until it reads again: by the time it claims it may be out of date. */
  | { do: 'read'; node: NodeName }
  | { do: 'claim'; node: NodeName; verdict: Verdict }
  | { do: 'trigger'; node: NodeName; id: Id }
  | { do: 'claimTogether' }
  | { do: 'claimDuring'; node: NodeName; what: 'disable' | 'delete'; id: Id }
  | { do: 'mark'; node: NodeName; state: FiringMark['state']; count: number }
  | { do: 'unsubmitted'; olderThan: number; limit: number }
  | { do: 'advance'; seconds: number };

const id = fc.constantFrom(...IDS);
const node = fc.constantFrom('node-1' as const, 'node-2' as const);
const next = fc.integer({ min: -3, max: 3 });
const only = <Do extends string>(what: Do) => fc.constant(what);
const verdict = fc.constantFrom('run' as const, 'skip' as const, 'last' as const);
const state = fc.constantFrom('submitted' as const, 'skipped' as const, 'unknown' as const);

const step: fc.Arbitrary<ClaimStep> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: only('create'), id, next }) },
  { weight: 2, arbitrary: fc.record({ do: only('edit'), id, next: fc.option(next), enabled: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: only('runTimes'), id, next }) },
  { weight: 1, arbitrary: fc.record({ do: only('delete'), id }) },
  { weight: 5, arbitrary: fc.record({ do: only('read'), node }) },
  { weight: 5, arbitrary: fc.record({ do: only('claim'), node, verdict }) },
  { weight: 1, arbitrary: fc.record({ do: only('trigger'), node, id }) },
  { weight: 4, arbitrary: fc.record({ do: only('claimTogether') }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: only('claimDuring'), node, what: fc.constantFrom('disable', 'delete'), id }),
  },
  { weight: 3, arbitrary: fc.record({ do: only('mark'), node, state, count: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: only('unsubmitted'),
      olderThan: fc.constantFrom(0, 1_000, 5_000),
      limit: fc.integer({ min: 0, max: 2 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: only('advance'), seconds: fc.integer({ min: 1, max: 5 }) }) },
);

export const claimSteps: fc.Arbitrary<ClaimStep[]> = fc.array(step, { minLength: 5, maxLength: 30, size: 'max' });
