/** Keeps what is costly to make, up to a number of things: the one that was not used for the longest goes first. */
export class RecentlyUsed<T> {
  readonly #limit: number;
  readonly #things = new Map<string, T>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The thing of that name; made, and kept, if it is not there. */
  get(name: string, make: () => T): T {
    const known = this.#things.get(name);
    const thing = known ?? make();
    if (known !== undefined) this.#things.delete(name);
    else if (this.#things.size >= this.#limit) this.#dropOldest();
    this.#things.set(name, thing);
    return thing;
  }

  #dropOldest(): void {
    for (const name of this.#things.keys()) {
      this.#things.delete(name);
      return;
    }
  }
}
