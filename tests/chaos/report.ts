import type { Counts } from './counts.js';
import { megabytes } from './history/check-memory.js';
import type { ChaosOutcome } from './run.js';

/** What the invariants mean in a word; the rest is "other". */
const MEANINGS: readonly (readonly [meaning: string, invariants: RegExp])[] = [
  ['lost', /^(BI-1|SI-2) /],
  ['doubled final results', /^(RI-1|RI-4|BI-4|BI-5) /],
  ['doubled slots', /^(SI-1|SI-7) /],
  ['stuck', /^(BI-9|RI-5) /],
  ['other violations', /^/],
];

/** A report in Markdown over all runs: operations, faults by kind, and what was violated. */
export function reportOf(outcomes: readonly ChaosOutcome[]): string {
  const totals = sum(outcomes.map(({ counts }) => counts));
  const struck = new Map<string, number>();
  for (const outcome of outcomes)
    for (const [kind, times] of outcome.struck) struck.set(kind, (struck.get(kind) ?? 0) + times);
  const failed = outcomes.filter(({ faults }) => faults.length > 0);
  const sections = [
    ['# Chaos report', ''],
    [
      `${outcomes.length} runs, ${failed.length} with violations; Node ${process.version}, ${process.platform} ${process.arch}`,
      '',
    ],
    table(['violations', 'count'], violations(outcomes.flatMap(({ faults }) => faults))),
    table(['operations', 'count'], Object.entries(totals)),
    table(['faults', 'times'], [...struck].sort()),
    table(
      ['seed', 'stores', 'schedules', 'acknowledged', 'runs', 'slots', 'seconds', 'violations'],
      outcomes.map(({ plan, counts, seconds, faults }) => [
        plan.seed,
        plan.stores,
        plan.engine,
        counts.acknowledged,
        counts.runs,
        counts.slots,
        seconds.toFixed(0),
        faults.length,
      ]),
    ),
    table(
      ['memory of', 'early', 'late', 'handles early', 'handles late'],
      outcomes.flatMap(({ memory }) =>
        memory.map(({ actor, heap, resources }) => [
          actor,
          megabytes(heap.early),
          megabytes(heap.late),
          resources.early,
          resources.late,
        ]),
      ),
    ),
    ...failed.map(({ plan, faults }) => [`## Seed ${plan.seed}`, '', ...faults.map((fault) => `- ${fault}`), '']),
  ];
  return sections.flat().join('\n');
}

/** In one line: what was violated how often. */
export function summaryOf(outcomes: readonly ChaosOutcome[]): string {
  const { acknowledged, slots } = sum(outcomes.map(({ counts }) => counts));
  const faults = [...outcomes.flatMap(({ struck }) => [...struck.values()])].reduce((all, times) => all + times, 0);
  const found = violations(outcomes.flatMap((outcome) => outcome.faults)).map(
    ([meaning, count]) => `${meaning} ${count}`,
  );
  return `${outcomes.length} runs, ${acknowledged} tasks, ${slots} slots, ${faults} faults: ${found.join(', ')}`;
}

function violations(faults: readonly string[]): [meaning: string, count: number][] {
  const counts = new Map(MEANINGS.map(([meaning]) => [meaning, 0]));
  for (const fault of faults) {
    const [meaning = ''] = MEANINGS.find(([, invariants]) => invariants.test(fault)) ?? [];
    counts.set(meaning, (counts.get(meaning) ?? 0) + 1);
  }
  return [...counts];
}

function sum(counts: readonly Counts[]): Counts {
  const names = Object.keys(counts[0] ?? {}) as (keyof Counts)[];
  return Object.fromEntries(
    names.map((name) => [name, counts.reduce((all, one) => all + one[name], 0)]),
  ) as unknown as Counts;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''];
}
