import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Indexed, StatusIndex } from '../src/status-index.js';

const record = fc.record({
  taskId: fc.constantFrom('a', 'b', 'c', 'd'),
  submitted: fc.constantFrom(Number.NEGATIVE_INFINITY, 1, 2, 3),
});
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), record }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('return' as const), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('page' as const), offset: fc.nat(5), limit: fc.nat(5) }) },
);

describe('StatusIndex', () => {
  it('has the pages that sorting everything would give', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const index = new StatusIndex<Indexed>();
        const present: Indexed[] = [];
        const gone: Indexed[] = [];
        for (const each of steps) {
          if (each.do === 'add') {
            const added = { ...each.record, index: null };
            index.add(added);
            present.push(added);
          } else if (each.do === 'page') {
            expect(index.page(each.offset, each.limit).map(key)).toEqual(
              newestFirst(present).slice(each.offset, each.offset + each.limit),
            );
          } else {
            const [from, to] = each.do === 'remove' ? [present, gone] : [gone, present];
            const [moved] = from.splice(each.at % Math.max(1, from.length), 1);
            if (!moved) continue;
            if (each.do === 'remove') index.remove(moved);
            else index.add(moved);
            to.push(moved);
          }
        }
        expect(index.page(0, Number.POSITIVE_INFINITY).map(key)).toEqual(newestFirst(present));
      }),
      { numRuns: 500 },
    );
  });

  it('holds on to no more than what is present', () => {
    const index = new StatusIndex<Indexed>();
    for (let i = 0; i < 100_000; i++) {
      const passing = { taskId: `t${i}`, submitted: i, index: null };
      index.add(passing);
      index.remove(passing);
    }
    expect(index.footprint).toBeLessThan(1_000);
    const restless = { taskId: 'restless', submitted: 0, index: null };
    for (let i = 0; i < 100_000; i++) {
      index.add(restless);
      index.remove(restless);
    }
    index.add(restless);
    expect(index.footprint).toBeLessThan(1_000);
    expect(index.page(0, 10)).toEqual([restless]);
  });
});

function key({ taskId, submitted }: Indexed): string {
  return `${submitted} ${taskId}`;
}

function newestFirst(records: readonly Indexed[]): string[] {
  const byId = [...records].sort((a, b) => (a.taskId < b.taskId ? 1 : -1));
  return byId.sort((a, b) => (a.submitted === b.submitted ? 0 : b.submitted - a.submitted)).map(key);
}
