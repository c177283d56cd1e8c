import { describe, expect, it } from 'vitest';
import { checkHistory } from '../../chaos/history/check-history.js';
import type { HistoryEntry, RunValue, Seen } from '../../chaos/history/entries.js';

/** An entry without what `history` adds: its time is its place in the list, in seconds. */
type Line = HistoryEntry extends infer Entry ? (Entry extends unknown ? Omit<Entry, 'at'> : never) : never;

const RULES = {
  split: false,
  ttl: null as number | null,
  maxCrashes: 3,
  attempts: { work: 1, flaky: 2 },
  retryDelay: 150,
  patience: 8_000,
  refusals: new Set(['STORE_UNAVAILABLE']),
};

function faultsOf(lines: readonly Line[], rules: Partial<typeof RULES> = {}): string[] {
  const entries = lines.map((line, second) => ({ at: second * 1_000, ...line })) as HistoryEntry[];
  return [...checkHistory(entries, { ...RULES, ...rules }).faults];
}

// ── Lines ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const PRODUCER = { actor: 'producer-1.1', id: 'a' };
const worker = (number: number) => ({ actor: `worker-${number}.1`, id: 'a' });
const submitted = (changes: object = {}): Line[] => [
  { ...PRODUCER, event: 'submit.invoke', call: 1, kind: 'work', delay: 0, priority: 0, wall: 0, ...changes },
  { ...PRODUCER, event: 'submit.ok', call: 1, known: false },
];
const claimed = (fence: number, by = 1, changes: object = {}): Line => ({
  actor: worker(by).actor,
  event: 'claim',
  since: 0,
  claims: [{ id: 'a', fence, attempt: 1, crashes: 0, verdict: 'run', ...changes }],
});
const value = (fence: number, attempt = 1): RunValue => ({ id: 'a', fence, attempt, nonce: `run ${fence}` });
const started = (fence: number, by = 1, attempt = 1): Line => ({
  ...worker(by),
  event: 'run.start',
  ...value(fence, attempt),
  wall: 10_000,
});
const returned = (fence: number, by = 1, attempt = 1): Line => ({
  ...worker(by),
  event: 'run.end',
  ...value(fence, attempt),
});
const settling = (what: 'finish' | 'retry', fence: number, by = 1): Line => ({
  ...worker(by),
  event: `${what}.invoke`,
  fence,
});
const settled = (what: 'finish' | 'retry', fence: number, by = 1, accepted = true): Line => ({
  ...worker(by),
  event: `${what}.ok`,
  fence,
  accepted,
});
const success = (fence: number, attempt = 1): Seen => ({
  status: 'success',
  fence,
  attempt,
  value: value(fence, attempt),
  code: null,
});
const open = (status: 'pending' | 'running' | 'retrying', fence: number): Seen => ({
  status,
  fence,
  attempt: 1,
  value: null,
  code: null,
});
let calls = 10;
const read = (seen: Seen | null): Line[] => {
  const call = ++calls;
  return [
    { actor: 'reader-1.1', id: 'a', event: 'read.invoke', call },
    { actor: 'reader-1.1', id: 'a', event: 'read.ok', call, seen },
  ];
};
const waitBegins: Line = { ...PRODUCER, event: 'wait.invoke', call: 2 };
const waitEnds = (seen: Seen): Line => ({ ...PRODUCER, event: 'wait.ok', call: 2, seen });
const faultBegins = (...actors: string[]): Line => ({
  actor: 'main',
  event: 'fault.begin',
  fault: 1,
  kind: 'trouble',
  actors: actors.length > 0 ? actors : null,
});
const faultEnds: Line = { actor: 'main', event: 'fault.end', fault: 1 };

const run = (fence: number, by = 1): Line[] => [claimed(fence, by), started(fence, by), returned(fence, by)];
const finished = (fence: number, by = 1): Line[] => [settling('finish', fence, by), settled('finish', fence, by)];
const pause = (seconds: number): Line[] => Array.from({ length: seconds }, () => ({ actor: 'main', event: 'up' }));

// ── Histories ──────────────────────────────────────────────────────────────────────────────────────────────────────

const legal: Record<string, readonly Line[]> = {
  'a task that is submitted, read, run, awaited and read again': [
    ...submitted(),
    ...read(open('pending', 0)),
    waitBegins,
    claimed(1),
    ...read(open('running', 1)),
    started(1),
    returned(1),
    ...finished(1),
    waitEnds(success(1)),
    ...read(success(1)),
  ],
  'a task whose first worker is killed': [
    ...submitted(),
    claimed(1),
    started(1),
    faultBegins('worker-1'),
    { actor: 'worker-1.1', event: 'down' },
    faultEnds,
    ...run(2, 2),
    ...finished(2, 2),
    ...read(success(2)),
  ],
  'a task that fails once': [
    ...submitted({ kind: 'flaky' }),
    ...run(1),
    settling('retry', 1),
    settled('retry', 1),
    ...read(open('retrying', 1)),
    claimed(2, 1, { attempt: 2 }),
    started(2, 1, 2),
    returned(2, 1, 2),
    ...finished(2),
    ...read(success(2, 2)),
  ],
  'a result that is refused, because its worker was frozen and overtaken': [
    ...submitted(),
    claimed(1),
    started(1),
    faultBegins('worker-1'),
    ...run(2, 2),
    faultEnds,
    returned(1),
    settling('finish', 1),
    settled('finish', 1, 1, false),
    ...finished(2, 2),
    ...read(success(2)),
  ],
  'a worker that was frozen in its claim, and hears of it when another one has run the task': [
    ...submitted(),
    faultBegins('worker-1'),
    ...run(2, 2),
    ...finished(2, 2),
    faultEnds,
    ...run(1),
    settling('finish', 1),
    settled('finish', 1, 1, false),
    ...read(success(2)),
  ],
  'an end that was stored, but not confirmed before the task was handed out again': [
    ...submitted(),
    ...run(1),
    settling('finish', 1),
    faultBegins(),
    { ...worker(1), event: 'finish.info', fence: 1, code: 'STORE_UNAVAILABLE' },
    claimed(2, 2),
    settling('finish', 1),
    settled('finish', 1),
    faultEnds,
    ...read(success(1)),
  ],
  'a submit that was refused, and one whose fate is unknown and that was not carried out': [
    { ...PRODUCER, event: 'submit.invoke', call: 1, kind: 'work', delay: 0, priority: 0, wall: 0 },
    { ...PRODUCER, event: 'submit.fail', call: 1, code: 'STORE_UNAVAILABLE' },
    { ...PRODUCER, id: 'b', event: 'submit.invoke', call: 2, kind: 'work', delay: 0, priority: 0, wall: 0 },
    { ...PRODUCER, id: 'b', event: 'submit.info', call: 2, code: 'INDETERMINATE_SUBMIT' },
  ],
  'a wait of a process that is killed': [
    ...submitted(),
    waitBegins,
    ...run(1),
    { actor: PRODUCER.actor, event: 'down' },
    ...finished(1),
    ...read(success(1)),
    ...pause(30),
  ],
};

const illegal: readonly (readonly [invariant: string, what: string, lines: readonly Line[]])[] = [
  [
    'RI-1',
    'two readers see different ends',
    [...submitted(), ...run(1), ...finished(1), ...read(success(1)), ...read({ ...success(1), status: 'failed' })],
  ],
  [
    'RI-2',
    'an end is not seen any more',
    [...submitted(), ...run(1), ...finished(1), ...read(open('running', 1)), ...read(success(1))],
  ],
  ['RI-2', 'a task is not seen after its submit', [...submitted(), ...read(null), ...run(1), ...finished(1)]],
  [
    'RI-3',
    'the fence goes down',
    [
      ...submitted(),
      claimed(1),
      ...read(open('running', 2)),
      ...read(open('running', 1)),
      started(1),
      returned(1),
      ...finished(1),
    ],
  ],
  [
    'RI-3',
    'a task goes back to pending',
    [
      ...submitted(),
      claimed(1),
      ...read(open('running', 1)),
      ...read(open('pending', 0)),
      started(1),
      returned(1),
      ...finished(1),
    ],
  ],
  [
    'RI-4',
    'the value is that of another run',
    [...submitted(), ...run(1), ...finished(1), ...read({ ...success(1), value: { ...value(1), nonce: 'made up' } })],
  ],
  [
    'RI-4',
    'a task is cancelled that nobody cancelled',
    [
      ...submitted(),
      ...run(1),
      ...finished(1),
      ...read({ ...success(1), status: 'cancelled', value: null, code: 'TASK_CANCELLED' }),
    ],
  ],
  [
    'RI-5',
    'a wait ends long after the task',
    [...submitted(), waitBegins, ...run(1), ...finished(1), ...pause(20), waitEnds(success(1))],
  ],
  ['RI-5', 'a wait never ends', [...submitted(), waitBegins, ...run(1), ...finished(1), ...pause(20)]],
  [
    'RI-5',
    'a wait ends with an error of no account',
    [
      ...submitted(),
      waitBegins,
      { ...PRODUCER, event: 'wait.fail', call: 2, code: 'RESULT_NOT_FOUND' },
      ...run(1),
      ...finished(1),
    ],
  ],
  ['BI-1', 'an acknowledged task is never seen again', [...submitted(), ...pause(5)]],
  ['BI-9', 'an acknowledged task is stuck', [...submitted(), claimed(1), started(1), ...read(open('running', 1))]],
  ['BI-2', 'something runs that nobody submitted', [...run(1), ...finished(1)]],
  [
    'BI-2',
    'something runs though its submit was certainly refused',
    [
      { ...PRODUCER, event: 'submit.invoke', call: 1, kind: 'work', delay: 0, priority: 0, wall: 0 },
      { ...PRODUCER, event: 'submit.fail', call: 1, code: 'STORE_UNAVAILABLE' },
      ...run(1),
      ...finished(1),
    ],
  ],
  ['BI-3', 'a task runs twice, and nothing went wrong', [...submitted(), ...run(1), ...run(2, 2), ...finished(2, 2)]],
  [
    'BI-3',
    'a task runs twice, and something went wrong for others only',
    [...submitted(), claimed(1), started(1), faultBegins('worker-3'), ...run(2, 2), faultEnds, ...finished(2, 2)],
  ],
  [
    'BI-4',
    'a holder that was overtaken decides',
    [
      ...submitted(),
      claimed(1),
      started(1),
      faultBegins('worker-1'),
      claimed(2, 2),
      started(2, 2),
      faultEnds,
      returned(1),
      ...finished(1),
      returned(2, 2),
    ],
  ],
  [
    'BI-5',
    'two ends are accepted',
    [...submitted(), faultBegins(), ...run(1), ...finished(1), ...run(2, 2), ...finished(2, 2), faultEnds],
  ],
  [
    'BI-6',
    'a task runs after too many crashes',
    [...submitted(), faultBegins(), claimed(4, 1, { crashes: 3 }), started(4), returned(4), faultEnds, ...finished(4)],
  ],
  [
    'BI-6',
    'a task kills its workers more often than it may',
    [...submitted(), faultBegins(), ...[1, 2, 3, 4].flatMap((fence) => [claimed(fence), started(fence)]), faultEnds],
  ],
  [
    'BI-6',
    'a task is tried too often',
    [...submitted(), claimed(1), started(1, 1, 2), returned(1, 1, 2), ...finished(1)],
  ],
  ['BI-7', 'a delayed task starts early', [...submitted({ delay: 11_000 }), ...run(1), ...finished(1)]],
];

describe('the judge of histories', () => {
  it.each(Object.entries(legal))('has nothing against %s', (_what, lines) => {
    expect(faultsOf(lines)).toEqual([]);
  });

  it.each(illegal)('names %s when %s', (invariant, _what, lines) => {
    expect(faultsOf(lines)).toContainEqual(expect.stringMatching(new RegExp(`^${invariant} `)));
  });

  it('names BI-7 when a message overtakes one that came before it', () => {
    const lines = ['a', 'b'].flatMap((id, i): Line[] => [
      { ...PRODUCER, id, event: 'submit.invoke', call: i, kind: 'work', delay: 0, priority: 0, wall: 0 },
      { ...PRODUCER, id, event: 'submit.ok', call: i, known: false },
    ]);
    const claimOf = (id: string, since: number): Line => ({
      actor: worker(1).actor,
      event: 'claim',
      since,
      claims: [{ id, fence: 1, attempt: 1, crashes: 0, verdict: 'run' }],
    });
    const inTurn = faultsOf([...lines, claimOf('a', 3_500), claimOf('b', 4_500)]);
    const overtaken = faultsOf([...lines, claimOf('b', 3_500), claimOf('a', 4_500)]);
    expect(inTurn.filter((fault) => fault.startsWith('BI-7'))).toEqual([]);
    expect(overtaken).toContain('BI-7 was handed out before a, which came first [b]');
  });

  it('lets a PENDING record be missing for a while where results are kept elsewhere and the producer was in trouble', () => {
    const lines = [faultBegins('producer-1'), ...submitted(), faultEnds, ...read(null), ...run(1), ...finished(1)];
    expect(faultsOf(lines, { split: true })).toEqual([]);
    expect(faultsOf(lines)).toEqual([expect.stringMatching(/^RI-2/)]);
  });
});

it('believes that a task may have ended whose worker was killed as it said so, once results are forgotten', () => {
  const killed: Line = { actor: worker(1).actor, event: 'down' };
  const lines = [...submitted(), ...run(1), settling('finish', 1), killed, ...pause(30), ...read(null)];
  expect(faultsOf(lines, { ttl: 20_000 })).toEqual([]);
  expect(faultsOf(lines, { ttl: 60_000 })).toContainEqual(expect.stringMatching(/^RI-2 /));
  expect(faultsOf(lines)).toContainEqual(expect.stringMatching(/^BI-1 /));
});
