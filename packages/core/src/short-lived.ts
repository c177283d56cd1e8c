/** At least so many entries leave before a map is copied, however few are left. */
const FEW = 1_000;

/**
 * A Map for entries that come and go all the time, in insertion order.
 *
 * A Map outgrows its table again and again while entries come and go, and V8 lets each table lead to the next one. Once
 * one of them is old, all later ones, and everything that was ever in them, stay until the next full collection, which
 * costs more than all the rest of a short task. A copy has no such past, so a copy follows when as many entries have left
 * as are there.
 */
export class ShortLivedMap<Key, Value> {
  #entries = new Map<Key, Value>();
  #left = 0;

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key);
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  set(key: Key, value: Value): void {
    this.#entries.set(key, value);
  }

  /** @returns whether it was there */
  delete(key: Key): boolean {
    const wasThere = this.#entries.delete(key);
    if (wasThere && ++this.#left >= Math.max(FEW, this.#entries.size)) {
      this.#entries = new Map(this.#entries);
      this.#left = 0;
    }
    return wasThere;
  }

  clear(): void {
    this.#entries = new Map();
    this.#left = 0;
  }

  /** The keys that are there now: what comes or goes meanwhile makes no difference. */
  keys(): Key[] {
    return [...this.#entries.keys()];
  }

  /** The values that are there now. */
  values(): Value[] {
    return [...this.#entries.values()];
  }

  /** The key that came first. */
  oldest(): Key | undefined {
    const [oldest] = this.#entries.keys();
    return oldest;
  }
}

/** The same for a Set. */
export class ShortLivedSet<Value> {
  readonly #values = new ShortLivedMap<Value, true>();

  get size(): number {
    return this.#values.size;
  }

  has(value: Value): boolean {
    return this.#values.has(value);
  }

  add(value: Value): void {
    this.#values.set(value, true);
  }

  /** @returns whether it was there */
  delete(value: Value): boolean {
    return this.#values.delete(value);
  }

  clear(): void {
    this.#values.clear();
  }

  /** The values that are there now: what comes or goes meanwhile makes no difference. */
  values(): Value[] {
    return this.#values.keys();
  }

  /** The value that came first. */
  oldest(): Value | undefined {
    return this.#values.oldest();
  }
}
