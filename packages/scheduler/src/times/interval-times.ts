/** Instants at fixed distances from an anchor: `anchor + k * every`, from `k = first` on. They never drift. */
export class IntervalTimes {
  readonly #anchor: number;
  readonly #every: number;
  readonly #first: number;

  constructor(anchor: number, every: number, first: number) {
    this.#anchor = anchor;
    this.#every = every;
    this.#first = first;
  }

  next(after: number): number {
    return this.#at(Math.max(this.#first, Math.floor((after - this.#anchor) / this.#every) + 1));
  }

  previous(before: number): number | null {
    const k = Math.ceil((before - this.#anchor) / this.#every) - 1;
    return k < this.#first ? null : this.#at(k);
  }

  /** Both ends included. */
  count(from: number, to: number): number {
    const first = Math.max(this.#first, Math.ceil((from - this.#anchor) / this.#every));
    const last = Math.floor((to - this.#anchor) / this.#every);
    return last >= first ? last - first + 1 : 0;
  }

  #at(k: number): number {
    return this.#anchor + k * this.#every;
  }
}
