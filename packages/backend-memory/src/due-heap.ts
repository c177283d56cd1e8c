/** Something that is due at a time; while it is in a heap, the heap keeps its place in it. */
export interface Due {
  /** Epoch ms. */
  dueAt: number;
  /** Decides between two that are due at the same time. */
  readonly order: number;
  heapIndex: number;
}

/** What is due first comes first. Adding, removing and moving cost the logarithm of the size. */
export class DueHeap<T extends Due> {
  readonly #items: T[] = [];

  peek(): T | undefined {
    return this.#items[0];
  }

  add(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(item: T): void {
    const index = item.heapIndex;
    const last = this.#items.pop();
    item.heapIndex = -1;
    if (!last || last === item) return;
    this.#place(last, index);
    this.moved(last);
  }

  /** Called when `dueAt` of an item in the heap has changed. */
  moved(item: T): void {
    this.#rise(item, item.heapIndex);
    this.#sink(item, item.heapIndex);
  }

  /** Takes out what is due, the earliest first. */
  takeDue(now: number): T[] {
    const due: T[] = [];
    for (let item = this.#items[0]; item && item.dueAt <= now; item = this.#items[0]) {
      this.remove(item);
      due.push(item);
    }
    return due;
  }

  #rise(item: T, start: number): void {
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex];
      if (!parent || !isBefore(item, parent)) break;
      this.#place(parent, index);
      index = parentIndex;
    }
    this.#place(item, index);
  }

  #sink(item: T, start: number): void {
    let index = start;
    for (let child = this.#firstChild(index); child && isBefore(child, item); child = this.#firstChild(index)) {
      const childIndex = child.heapIndex;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(item, index);
  }

  #firstChild(index: number): T | undefined {
    const left = this.#items[2 * index + 1];
    const right = this.#items[2 * index + 2];
    return left && right && isBefore(right, left) ? right : left;
  }

  #place(item: T, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.dueAt === b.dueAt ? a.order < b.order : a.dueAt < b.dueAt;
}
