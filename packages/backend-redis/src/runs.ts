import type { Argument } from './redis-link.js';

/** Arguments for a script that takes items in runs: what they have in common once, and how many they are; then each. */
export class Runs {
  readonly #args: Argument[];
  #countAt = -1;
  #count = 0;

  constructor(args: Argument[]) {
    this.#args = args;
  }

  begin(...common: readonly Argument[]): void {
    this.#args.push(...common, 0);
    this.#countAt = this.#args.length - 1;
    this.#count = 0;
  }

  /** Adds an item to the run that was begun last. */
  add(...item: readonly Argument[]): void {
    this.#args[this.#countAt] = ++this.#count;
    this.#args.push(...item);
  }
}
