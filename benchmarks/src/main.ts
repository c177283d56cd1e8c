// `npm run bench`: measures Flowrra beside its peers, prints the tables, and writes them as Markdown, JSON and SVG.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.js';
import { Bench } from './measuring/bench.js';
import { PACKAGES, PARTS } from './parts/index.js';
import { chartOf } from './report/chart.js';
import { jsonOf } from './report/json.js';
import { publish } from './report/publish.js';
import { machineLines, tablesOf } from './report/table.js';

const USAGE = `npm run bench -- [part …] [--quick] [--repetitions 3] [--alone] [--publish]

  part           ${PARTS.map(({ name }) => name).join(', ')}; all of them by default
  --quick        one short repetition: shows that everything works, says nothing of speed
  --repetitions  how often each system is measured, by turns with the others; default 3
  --alone        Flowrra without its peers
  --publish      puts the figures into benchmarks/README.md, and the chart beside it`;

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean' },
        repetitions: { type: 'string' },
        alone: { type: 'boolean' },
        publish: { type: 'boolean' },
      },
    });
    const repetitions = Number(values.repetitions ?? (values.quick ? 1 : 3));
    if (!Number.isSafeInteger(repetitions) || repetitions < 1)
      throw new Error(`--repetitions takes a whole number above 0, not "${values.repetitions}".`);
    const unknown = positionals.find((name) => !PARTS.some((part) => part.name === name));
    if (unknown !== undefined) throw new Error(`There is no part "${unknown}".`);
    const { quick = false, alone = false, publish = false } = values;
    return { quick, alone, publish, repetitions, names: positionals };
  } catch (err) {
    console.error(`${(err as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const { names, publish: isPublished, ...options } = readArguments();
const bench = new Bench({ ...options, say: (line) => console.error(line) });
const parts = PARTS.filter(({ name }) => names.length === 0 || names.includes(name));
for (const part of parts) {
  const begin = performance.now();
  await bench.run(part);
  console.error(`${part.name}: ${Math.round((performance.now() - begin) / 1_000)} s`);
}

const reports = resolve(import.meta.dirname, '../.reports');
mkdirSync(reports, { recursive: true });
const machine = describeMachine(PACKAGES);
const text = `${machineLines(machine)}\n\n${tablesOf(parts, bench.rows)}`;
writeFileSync(join(reports, 'report.md'), text);
writeFileSync(join(reports, 'report.json'), jsonOf(machine, bench.rows));
const chart = chartOf(bench.rows);
writeFileSync(join(reports, 'chart.svg'), chart);
if (isPublished) publish(text, chart);
console.log(`${text}\nThe report: ${reports}`);
