import type { Machine } from '../machine.js';
import type { Part } from '../measuring/bench.js';
import { FLOWRRA, type Goal, holds, type Row, ratio } from '../measuring/row.js';
import { median, spread } from '../measuring/statistics.js';

export function machineLines({ processor, cores, memoryGiB, versions }: Machine): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${processor}, ${cores} cores, ${memoryGiB} GiB. ${named.join(', ')}.`;
}

/** Tables in Markdown, one per part: medians with their spread, and beside each peer Flowrra's ratio to it and its goal. */
export function tablesOf(parts: readonly Part[], rows: readonly Row[]): string {
  return parts
    .map((part) =>
      tableOf(
        part,
        rows.filter((row) => row.part === part.name),
      ),
    )
    .join('\n');
}

function tableOf({ name, about }: Part, rows: readonly Row[]): string {
  const peers = [...new Set(rows.flatMap(({ figures }) => [...figures.keys()]))].filter((name) => name !== FLOWRRA);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = ['row', FLOWRRA, ...peers.flatMap((peer) => [peer, 'ratio'])];
  return [
    `### ${name}`,
    '',
    about,
    '',
    line(head),
    line(head.map((_, i) => (i === 0 ? '---' : '---:'))),
    ...rows.map((row) =>
      line([row.title, ownCell(row), ...peers.flatMap((peer) => [figureCell(row, peer), ratioCell(row, peer)])]),
    ),
    '',
  ].join('\n');
}

function ownCell(row: Row): string {
  return [
    figureCell(row, FLOWRRA),
    ...row.goals.filter(({ against }) => against === undefined).map((goal) => judged(row, goal)),
  ].join(' ');
}

function figureCell(row: Row, system: string): string {
  const figures = row.figures.get(system);
  if (!figures) return '–';
  const middle = `${rounded(median(figures))} ${row.unit}`;
  return figures.length > 1 ? `${middle} ±${(spread(figures) * 100).toFixed(0)} %` : middle;
}

function ratioCell(row: Row, peer: string): string {
  if (!row.figures.has(peer)) return '–';
  const goals = row.goals.filter(({ against }) => against === peer);
  return [`${rounded(ratio(row, peer))} ×`, ...goals.map((goal) => judged(row, goal))].join(' ');
}

function judged(row: Row, goal: Goal): string {
  const wanted = 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`;
  return `(${wanted} ${holds(row, goal) ? '✓' : '✗'})`;
}

/** Three digits that mean something, and thousands set apart. */
export function rounded(figure: number): string {
  return Number(figure.toPrecision(3)).toLocaleString('en-US', { maximumFractionDigits: 4 });
}
