/** Items that are taken out before the array is cut. */
const CUT_AT = 1024;

/** First in, first out, at a cost that does not grow with the length. */
export class Fifo<T> {
  /** Put back in front; the last one comes first. */
  #front: T[] = [];
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#front.length + this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Puts an item before all others. */
  unshift(item: T): void {
    this.#front.push(item);
  }

  peek(): T | undefined {
    return this.#front.at(-1) ?? this.#items[this.#head];
  }

  shift(): T | undefined {
    if (this.#front.length > 0) return this.#front.pop();
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    // Let go at once: what is taken out is short-lived, and would be copied by every collection until the array is cut.
    this.#items[this.#head++] = undefined;
    if (this.#head >= CUT_AT && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
