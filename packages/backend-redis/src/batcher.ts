/** Most entries and bytes of one script call: what the server does in one go must stay short. */
export const MAX_BATCH_ENTRIES = 100;
export const MAX_BATCH_BYTES = 256 * 1024;
/**
 * Most entries of one script call that several items share: while the server works on these, this process hears of those
 * before, and prepares the next.
 */
const MAX_SHARED_ENTRIES = MAX_BATCH_ENTRIES / 2;

interface Waiting<Item, Reply> {
  readonly item: Item;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (err: unknown) => void;
}

export interface BatcherOptions<Item, Reply> {
  /** Sends items together; one reply per item, in order. */
  readonly send: (items: readonly Item[]) => Promise<readonly Reply[]>;
  readonly bytesOf: (item: Item) => number;
  /** Default 1: an item may stand for several entries. */
  readonly entriesOf?: (item: Item) => number;
}

/** Turns the calls of one turn of the event loop into few script calls. */
export class Batcher<Item, Reply> {
  readonly #options: BatcherOptions<Item, Reply>;
  #waiting: Waiting<Item, Reply>[] = [];

  constructor(options: BatcherOptions<Item, Reply>) {
    this.#options = options;
  }

  add(item: Item): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ item, resolve, reject }) === 1) setImmediate(() => this.flush());
    });
  }

  /**
   * Sends what waits now, and not only at the end of this turn.
   * @param sendLast sends the last batch, along with something else; not called when nothing waits
   */
  flush(sendLast: BatcherOptions<Item, Reply>['send'] = this.#options.send): void {
    if (this.#waiting.length === 0) return;
    const { send, bytesOf, entriesOf = () => 1 } = this.#options;
    let batch: Waiting<Item, Reply>[] = [];
    let bytes = 0;
    let entries = 0;
    for (const waiting of this.#waiting) {
      const itemBytes = bytesOf(waiting.item);
      const itemEntries = entriesOf(waiting.item);
      if (batch.length > 0 && (entries + itemEntries > MAX_SHARED_ENTRIES || bytes + itemBytes > MAX_BATCH_BYTES)) {
        void settle(batch, send);
        batch = [];
        bytes = 0;
        entries = 0;
      }
      batch.push(waiting);
      bytes += itemBytes;
      entries += itemEntries;
    }
    this.#waiting = [];
    void settle(batch, sendLast);
  }
}

async function settle<Item, Reply>(
  batch: readonly Waiting<Item, Reply>[],
  send: BatcherOptions<Item, Reply>['send'],
): Promise<void> {
  try {
    const replies = await send(batch.map(({ item }) => item));
    // `send` promises one reply per item.
    for (const [i, { resolve }] of batch.entries()) resolve(replies[i] as Reply);
  } catch (err) {
    for (const { reject } of batch) reject(err);
  }
}
