/** One value for all copies of core in a process: an adapter or a handler may import another copy than the app. */
export function sharedByCopies<T extends object>(name: string, make: () => T): T {
  const key = Symbol.for(`flowrra.${name}`);
  // Only copies of core write under this key.
  const holder = globalThis as unknown as Record<symbol, T | undefined>;
  holder[key] ??= make();
  return holder[key];
}
