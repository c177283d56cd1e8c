import type { EntryOf, HistoryEntry } from './entries.js';

/** The share of a soak in which caches fill and code warms up. */
const WARM_UP = 0.25;
/** What a heap may be larger at the end: garbage that is not yet collected, buffers of the moment. */
const MARGIN_BYTES = 8 * 1024 * 1024;
const MARGIN_RESOURCES = 6;

export interface MemoryTrend {
  readonly actor: string;
  /** Medians after the warm-up, and at the end. */
  readonly heap: { readonly early: number; readonly late: number };
  readonly resources: { readonly early: number; readonly late: number };
}

/** How much those held on to who lived for the whole soak. Compares the second quarter with the last one. */
export function memoryTrends(entries: readonly HistoryEntry[]): MemoryTrend[] {
  const samples = entries.filter((entry): entry is EntryOf<'memory'> => entry.event === 'memory');
  const [from = 0, to = 0] = [samples[0]?.at, samples.at(-1)?.at];
  const quarter = (to - from) * WARM_UP;
  const actors = [...new Set(samples.map(({ actor }) => actor))];
  return actors.flatMap((actor) => {
    const own = samples.filter((sample) => sample.actor === actor);
    const early = own.filter(({ at }) => at >= from + quarter && at < from + 2 * quarter);
    const late = own.filter(({ at }) => at >= to - quarter);
    if (early.length === 0 || late.length === 0) return [];
    const trend = (of: 'heap' | 'resources') => ({ early: median(early, of), late: median(late, of) });
    return [{ actor, heap: trend('heap'), resources: trend('resources') }];
  });
}

/** RI-6: memory, connections and timers do not grow. */
export function faultsOfMemory(trends: readonly MemoryTrend[]): string[] {
  return trends.flatMap(({ actor, heap, resources }) => [
    ...(heap.late > 1.2 * heap.early + MARGIN_BYTES
      ? [`RI-6 memory grew from ${megabytes(heap.early)} to ${megabytes(heap.late)} [${actor}]`]
      : []),
    ...(resources.late > resources.early + MARGIN_RESOURCES
      ? [`RI-6 handles and connections grew from ${resources.early} to ${resources.late} [${actor}]`]
      : []),
  ]);
}

export const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`;

function median(samples: readonly EntryOf<'memory'>[], of: 'heap' | 'resources'): number {
  const values = samples.map((sample) => sample[of]).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? 0;
}
