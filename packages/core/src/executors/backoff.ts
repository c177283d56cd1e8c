/** Milliseconds before the next try at a store that failed `failures` times in a row: 100 ms to 5 s, half of it random. */
export function storeBackoff(failures: number): number {
  const full = Math.min(100 * 2 ** Math.min(failures - 1, 10), 5_000);
  return full * (0.5 + Math.random() / 2);
}
