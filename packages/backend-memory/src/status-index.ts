/** A record that can be listed. What it is ordered by never changes. */
export interface Indexed {
  readonly taskId: string;
  /** Epoch ms, or -Infinity when it is not known. */
  readonly submitted: number;
  /** Where it is listed now; null once it is gone. */
  index: unknown;
}

/** So few records that are gone are not worth cleaning up. */
const SLACK = 256;

/**
 * The records of one status in the order of a listing. A change of status only notes the record, and sorts nothing: what
 * came in since the last listing is merged by the next one, and records that left are passed over until they are many.
 */
export class StatusIndex<T extends Indexed> {
  /** Oldest first, so that the newest are added at the end. */
  #sorted: T[] = [];
  #added: T[] = [];
  #size = 0;

  add(record: T): void {
    record.index = this;
    this.#size++;
    this.#added.push(record);
  }

  remove(record: T): void {
    record.index = null;
    this.#size--;
    if (this.#sorted.length + this.#added.length > 2 * this.#size + SLACK) this.#clean();
  }

  /** Newest first. */
  page(offset: number, limit: number): T[] {
    this.#merge();
    const page: T[] = [];
    let skip = offset;
    for (let i = this.#sorted.length - 1; i >= 0 && page.length < limit; i--) {
      const record = this.#sorted[i];
      // A record that left and came back stands here twice, side by side.
      if (record?.index !== this || record === this.#sorted[i + 1]) continue;
      if (skip > 0) skip--;
      else page.push(record);
    }
    return page;
  }

  #clean(): void {
    this.#sorted = this.#present(this.#sorted);
    this.#added = this.#present(this.#added);
  }

  /** Those that are still listed here, each once. */
  #present(records: T[]): T[] {
    return [...new Set(records.filter((record) => record.index === this))];
  }

  /** Only what is newer than the oldest addition is looked at; usually that is nothing. */
  #merge(): void {
    const added = this.#present(this.#added).sort(compare);
    this.#added = [];
    const oldest = added[0];
    if (!oldest) return;
    const newer = this.#sorted.splice(this.#placeOf(oldest));
    let next = 0;
    for (const record of newer) {
      for (let other = added[next]; other && compare(other, record) < 0; other = added[++next])
        this.#sorted.push(other);
      this.#sorted.push(record);
    }
    for (const record of added.slice(next)) this.#sorted.push(record);
  }

  /** The first place whose record does not come before this one. */
  #placeOf(record: T): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(this.#sorted[middle] as T, record) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function compare(a: Indexed, b: Indexed): number {
  return a.submitted === b.submitted ? compareText(a.taskId, b.taskId) : a.submitted < b.submitted ? -1 : 1;
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
