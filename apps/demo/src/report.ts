import { relative } from 'node:path';
import { auditTable, type ScheduleAudit } from './schedule-audit.js';
import { printable } from './screen.js';
import type { Summary } from './summary.js';
import type { Tally } from './tally.js';

/** The last words of a run. */
export function report({
  tally,
  summary,
  root,
  elapsed,
  audits,
}: {
  tally: Tally;
  summary: Summary | undefined;
  root: string;
  elapsed: number;
  /** Empty when the run was given up. */
  audits: readonly ScheduleAudit[];
}): string {
  const shown = (path: string) => printable(relative(root, path) || path);
  const parts = [taskTable(tally)];
  if (summary) parts.push(throughput(summary, tally, elapsed));
  if (summary && summary.files > 0) parts.push(kindTable(summary));
  if (tally.slowest.length > 0) {
    const rows = tally.slowest.map(
      ({ ms, bytes, path }) => `${`${ms} ms`.padStart(11)} ${size(bytes).padStart(10)}  ${shown(path)}`,
    );
    parts.push(['Slowest files', ...rows].join('\n'));
  }
  if (tally.failures.length > 0) {
    const rows = tally.failures.map(
      ({ taskName, path, reason }) => `  ${taskName}  ${shown(path)}: ${printable(reason)}`,
    );
    const more = tally.sum('failed') - rows.length;
    parts.push(['Failed', ...rows, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n'));
  }
  if (audits.length > 0) parts.push(auditTable(audits));
  return `\n${parts.join('\n\n')}`;
}

const COLUMNS = ['success', 'failed', 'cancelled', 'unfinished', 'retries'] as const;

function taskTable(tally: Tally): string {
  const row = (name: string, cells: readonly (string | number)[]) =>
    name.padEnd(14) + cells.map((cell) => String(cell).padStart(11)).join('');
  const rows = [...tally.tasks].map(([name, { submitted, success, failed, cancelled, retries }]) =>
    row(name, [success, failed, cancelled, submitted - success - failed - cancelled, retries]),
  );
  const notes = [
    ...(tally.takenOver > 0 ? [`Taken over from a lost worker: ${tally.takenOver}.`] : []),
    ...(tally.vanished > 0 ? [`Vanished before they were processed: ${tally.vanished}.`] : []),
  ];
  return [row('task', COLUMNS), ...rows, ...notes].join('\n');
}

function throughput({ files, lines, bytes, compressedBytes }: Summary, tally: Tally, elapsed: number): string {
  const seconds = Math.max(elapsed, 1) / 1000;
  const rate = (count: number) => (count / seconds).toFixed(0);
  return [
    `${files} files, ${lines} lines, ${size(bytes)} compressed to ${size(compressedBytes)} in ${seconds.toFixed(1)} s`,
    `${rate(files)} files/s, ${size(bytes / seconds)}/s, ${rate(tally.sum('success'))} tasks/s`,
  ].join('\n');
}

function kindTable({ kinds }: Summary): string {
  const rows = kinds.map(({ kind, files, bytes, compressedBytes }) => {
    const share = bytes > 0 ? `${Math.round((compressedBytes * 100) / bytes)} %` : '';
    return (
      kind.padEnd(14) +
      [files, size(bytes), size(compressedBytes), share].map((cell) => String(cell).padStart(11)).join('')
    );
  });
  return [
    'kind'.padEnd(14) + ['files', 'bytes', 'compressed', 'share'].map((cell) => cell.padStart(11)).join(''),
    ...rows,
  ].join('\n');
}

function size(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`;
}
