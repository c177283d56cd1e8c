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
/** So few additions are put into their places one by one. */
const FEW = 32;

/**
 * The records of one status in the order of a listing. A change of status only notes the record, and sorts nothing: what
 * came in since the last listing is merged by the next one, and records that left are passed over until they are many.
 */
export class StatusIndex<T extends Indexed> {
  /** Oldest first, so that the newest are added at the end. */
  #sorted: T[] = [];
  #added: T[] = [];
  #size = 0;

  /** How many places are taken, by records that left as well. */
  get footprint(): number {
    return this.#sorted.length + this.#added.length;
  }

  add(record: T): void {
    record.index = this;
    this.#size++;
    this.#added.push(record);
  }

  remove(record: T): void {
    record.index = null;
    this.#size--;
    if (this.footprint > 2 * this.#size + SLACK) this.#clean();
  }

  /** Newest first. */
  page(offset: number, limit: number): T[] {
    this.#merge();
    const page: T[] = [];
    let skip = offset;
    for (let i = this.#sorted.length - 1; i >= 0 && page.length < limit; i--) {
      const record = this.#sorted[i];
      if (record?.index !== this) continue;
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

  #merge(): void {
    // A record that left and came back has its place still.
    const added = this.#present(this.#added).filter((record) => !this.#isPlaced(record));
    added.sort(compare);
    this.#added = [];
    if (added.length > FEW) this.#mergeMany(added);
    else for (const record of added) this.#sorted.splice(this.#placeOf(record), 0, record);
  }

  /** Only what is newer than the oldest addition is looked at; usually that is little. */
  #mergeMany(added: readonly T[]): void {
    const newer = this.#sorted.splice(this.#placeOf(added[0] as T));
    let next = 0;
    for (const record of newer) {
      for (let other = added[next]; other && compare(other, record) < 0; other = added[++next])
        this.#sorted.push(other);
      this.#sorted.push(record);
    }
    for (; next < added.length; next++) this.#sorted.push(added[next] as T);
  }

  #isPlaced(record: T): boolean {
    let place = this.#placeOf(record);
    for (let other = this.#sorted[place]; other && compare(other, record) === 0; other = this.#sorted[++place]) {
      if (other === record) return true;
    }
    return false;
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
