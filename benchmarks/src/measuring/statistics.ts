export function median(figures: readonly number[]): number {
  return percentile(figures, 0.5);
}

/** By linear interpolation; NaN of none. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** How far the farthest figure is from the median, as a share of the median; 0 when all are the same, also if that is 0. */
export function spread(figures: readonly number[]): number {
  const middle = median(figures);
  const farthest = Math.max(...figures.map((figure) => Math.abs(figure - middle)));
  return farthest === 0 ? 0 : farthest / middle;
}
