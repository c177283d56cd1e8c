// `npm run chaos`: carries out the plans of many seeds one after the other, and writes a report.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ChaosPlan, planOf, soakPlan } from './plan.js';
import { reportOf, summaryOf } from './report.js';
import { type ChaosOutcome, runChaos } from './run.js';

const USAGE = `npm run chaos -- [--seeds 5] [--from <seed>] [--soak <minutes>]

  --seeds  how many runs, each with the seed after the one before
  --from   the first seed; by default one of the moment, which is printed
  --soak   one run of so many minutes instead, on stores that forget what ended; looks at memory, too`;

function count(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  console.error(`--${name} takes a whole number above 0, not "${text}".\n\n${USAGE}`);
  process.exit(2);
}

function readArguments() {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({ options: { seeds: text, from: text, soak: text } }).values;
  } catch (err) {
    console.error(`${(err as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const values = readArguments();
const from = count(values.from, 'from') ?? Math.floor(Date.now() / 1_000) % 1_000_000;
const minutes = count(values.soak, 'soak');
const runs = minutes ? 1 : (count(values.seeds, 'seeds') ?? 5);
const reports = resolve(import.meta.dirname, '../.reports/chaos');
mkdirSync(reports, { recursive: true });

const outcomes: ChaosOutcome[] = [];
for (let seed = from; seed < from + runs; seed++) {
  const plan: ChaosPlan = minutes ? soakPlan(seed, minutes * 60_000) : planOf(seed);
  const folder = join(reports, `seed-${seed}`);
  rmSync(folder, { recursive: true, force: true });
  const outcome = await runChaos(plan, folder);
  outcomes.push(outcome);
  const { faults, counts, seconds } = outcome;
  const verdict = faults.length === 0 ? 'all well' : `${faults.length} violations; the history is in ${folder}`;
  console.log(
    `seed ${seed}: ${plan.stores}, ${plan.engine}, ${counts.acknowledged} tasks, ${counts.slots} slots, ${seconds.toFixed(0)} s: ${verdict}`,
  );
  for (const fault of faults.slice(0, 10)) console.log(`  ${fault}`);
  if (faults.length === 0) rmSync(folder, { recursive: true });
}
writeFileSync(join(reports, 'report.md'), reportOf(outcomes));
writeFileSync(
  join(reports, 'report.json'),
  JSON.stringify(outcomes, (_key, value) => (value instanceof Map ? Object.fromEntries(value) : value), 2),
);
console.log(`${summaryOf(outcomes)}. The report: ${join(reports, 'report.md')}`);
// At once: after a long run Node may never come to the end of closing what is closed already.
process.exit(outcomes.some(({ faults }) => faults.length > 0) ? 1 : 0);
