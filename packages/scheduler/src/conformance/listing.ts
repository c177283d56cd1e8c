import assert from 'node:assert/strict';
import type { ScheduleFilter } from '@flowrra/core';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { fullSchedule, INSTANT, ids, later, schedule, stored } from './sample-schedules.js';

const NEEDS = { needs: ['claims'] } as const;

export function listing(promise: SchedulerBackendPromise): void {
  promise('has empty lists when there is nothing', async ({ backend }) => {
    const lists = await Promise.all([backend.listAll(), backend.listEnabled(), backend.listDue()]);
    assert.deepEqual(lists, [[], [], []]);
  });

  promise('lists whole schedules, by the bytes of their ids', async ({ backend }) => {
    const all = ['b', 'a10', 'a9', 'B', 'a-1', 'a.1', 'a_b', 'aB', 'Z', '0', 'a', 'a:1', 'a@', 'a/'];
    await stored(backend, ...all.map((id) => fullSchedule(id)));
    assert.deepEqual(
      await backend.listAll(),
      [...all].sort().map((id) => fullSchedule(id)),
    );
  });

  promise('lists what is enabled, due or not', async ({ backend }) => {
    const [off, on, due] = await stored(
      backend,
      schedule('off', { enabled: false, nextRun: INSTANT }),
      schedule('on'),
      schedule('due', { nextRun: INSTANT }),
    );
    assert.deepEqual(await backend.listEnabled(), [due, on]);
    await backend.update({ ...schedule('off'), enabled: true });
    await backend.update({ ...schedule('on'), enabled: false });
    assert.deepEqual(ids(await backend.listEnabled()), ['due', 'off']);
    assert.ok(off);
  });

  promise('lists what is due up to the given instant, the earliest first', async ({ backend }) => {
    const [first, , , on] = await stored(
      backend,
      schedule('z-first', { nextRun: later(INSTANT, -5_000) }),
      schedule('off', { nextRun: later(INSTANT, -5_000), enabled: false }),
      schedule('never', { nextRun: null }),
      schedule('on-time', { nextRun: INSTANT }),
      schedule('a-later', { nextRun: later(INSTANT, 1) }),
    );
    assert.deepEqual(await backend.listDue(INSTANT), [first, on]);
    assert.deepEqual(ids(await backend.listDue(later(INSTANT, 1))), ['z-first', 'on-time', 'a-later']);
    assert.deepEqual(await backend.listDue(later(INSTANT, -5_001)), []);
  });

  promise("lists what is due by the store's own clock when no instant is given", async ({ backend }) => {
    await stored(
      backend,
      schedule('long-ago', { nextRun: new Date('2001-01-01T00:00:00Z') }),
      schedule('far-away', { nextRun: new Date('2901-01-01T00:00:00Z') }),
    );
    assert.deepEqual(ids(await backend.listDue()), ['long-ago']);
  });

  promise('lists those that match every condition', NEEDS, async ({ backend }) => {
    await stored(
      backend,
      schedule('a', { owner: 'team-a', taskName: 'build' }),
      schedule('b', { owner: 'team-b', taskName: 'build', enabled: false }),
      schedule('c', { owner: null, taskName: 'clean' }),
      schedule('d', { owner: null, taskName: 'build', enabled: false }),
      schedule('e', { owner: 'Team-A', taskName: 'Build' }),
    );
    const expected: [ScheduleFilter, string[]][] = [
      [{}, ['a', 'b', 'c', 'd', 'e']],
      [{ taskName: undefined, owner: undefined, enabled: undefined, text: undefined }, ['a', 'b', 'c', 'd', 'e']],
      [{ taskName: 'build' }, ['a', 'b', 'd']],
      [{ owner: 'team-a' }, ['a']],
      [{ owner: null }, ['c', 'd']],
      [{ enabled: true }, ['a', 'c', 'e']],
      [{ enabled: false, taskName: 'build', owner: null }, ['d']],
      [{ taskName: 'nobody' }, []],
    ];
    for (const [filter, found] of expected) assert.deepEqual(ids(await backend.listMatching(filter)), found);
  });

  promise(
    'finds a text in id, task name or description, literally and in any case (SQ-11)',
    NEEDS,
    async ({ backend }) => {
      await stored(
        backend,
        schedule('Nightly-report', { taskName: 'build', description: null }),
        schedule('b', { taskName: 'Nightly', description: 'ÜBER Nacht, 100% done' }),
        schedule('c', { taskName: 'x', description: "it's a_b\\c; --" }),
        schedule('d', { taskName: 'x', description: 'it is aXb, 100 done' }),
        schedule('e', { taskName: 'x', description: 'two\nlines!' }),
        schedule('f', { taskName: 'x', description: '\u{FFFD} and \u{1F600}' }),
        schedule('g', { taskName: 'x', description: '\u{FFFE} \u{FDD0} ' }),
      );
      const expected: Record<string, string[]> = {
        '': ['Nightly-report', 'b', 'c', 'd', 'e', 'f', 'g'],
        nIGHTLY: ['Nightly-report', 'b'],
        report: ['Nightly-report'],
        'über nacht': ['b'],
        '100%': ['b'],
        '%': ['b'],
        'ÜBER NACHT': ['b'],
        '!': ['e'],
        a_b: ['c'],
        '\\': ['c'],
        // Id, task name and description are three texts.
        '\n': ['e'],
        cx: [],
        "'": ['c'],
        // What some engines take for one another, or for none.
        '\u{FFFD}': ['f'],
        '\u{1F600}': ['f'],
        '\u{FFFE}': ['g'],
        '\u{FDD0} ': ['g'],
        null: [],
        "x'; DROP TABLE flowrra_schedules;--": [],
      };
      for (const [text, found] of Object.entries(expected)) {
        assert.deepEqual(ids(await backend.listMatching({ text })), found, `text: ${text}`);
      }
    },
  );

  promise('shows a page that was asked for, and the pages together show all', NEEDS, async ({ backend }) => {
    const all = Array.from({ length: 23 }, (_, i) => `job-${String(i).padStart(2, '0')}`);
    await stored(backend, ...[...all].reverse().map((id) => schedule(id)));
    const page = async (filter: ScheduleFilter): Promise<string[]> => ids(await backend.listMatching(filter));
    assert.deepEqual(await page({ limit: null }), all);
    assert.deepEqual(await page({ offset: 20 }), all.slice(20));
    assert.deepEqual(await page({ limit: 0 }), []);
    assert.deepEqual(await page({ limit: 5, offset: 100 }), []);
    const pages = await Promise.all(
      [0, 10, 20].map((offset) => page({ limit: 10, offset, taskName: 'reports.build' })),
    );
    assert.deepEqual(pages.flat(), all);
  });

  promise('refuses a filter or a page that is none', NEEDS, async ({ backend }) => {
    for (const filter of [null, 'job', { taskname: 'x' }] as unknown[] as ScheduleFilter[]) {
      await assert.rejects(backend.listMatching(filter), { code: 'INVALID_CONFIG' });
      await assert.rejects(backend.listFirings('job', filter), { code: 'INVALID_CONFIG' });
    }
    for (const argument of ['taskName', 'owner', 'enabled', 'text'])
      await assert.rejects(backend.listMatching({ [argument]: 5 }), { code: 'INVALID_ARGUMENT', argument });
  });

  promise('refuses a limit or an offset that is no count', NEEDS, async ({ backend }) => {
    for (const value of [-1, 1.5, Number.NaN]) {
      for (const argument of ['limit', 'offset']) {
        const error = { code: 'INVALID_ARGUMENT', argument };
        await assert.rejects(backend.listMatching({ [argument]: value }), error);
        await assert.rejects(backend.listFirings('job', { [argument]: value }), error);
      }
    }
  });
}
