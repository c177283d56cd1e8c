import { Fifo } from './fifo.js';

const LOWEST = -100;
const LEVELS = 201;

/** Lower priorities first, first in first out inside one; the cost does not grow with the length. */
export class PriorityQueue<T extends { readonly priority: number }> {
  readonly #levels: Fifo<T>[] = [];
  /** No level before this one holds anything. */
  #first = LEVELS;

  push(item: T): void {
    this.#level(item).push(item);
  }

  /** Puts an item before the others of its priority. */
  unshift(item: T): void {
    this.#level(item).unshift(item);
  }

  shift(): T | undefined {
    for (; this.#first < LEVELS; this.#first++) {
      const item = this.#levels[this.#first]?.shift();
      if (item) return item;
    }
    return undefined;
  }

  #level({ priority }: T): Fifo<T> {
    const place = priority - LOWEST;
    this.#first = Math.min(this.#first, place);
    this.#levels[place] ??= new Fifo();
    return this.#levels[place];
  }
}
