import { checkPage, isFinal, type Logger, type Page, type TaskResult, type TaskStatus } from '@flowrra/core';
import { MAX_BATCH_BYTES, MAX_BATCH_ENTRIES } from './batcher.js';
import { knownLanes, type QueueLane } from './known-lanes.js';
import { isUnreadable, type RecordReader } from './record-reader.js';
import { recordToResult } from './record-to-result.js';
import type { RedisPlace } from './redis-place.js';
import { SCRIPTS } from './redis-scripts.js';

/** A task of a listing before it is decoded. */
interface Entry {
  readonly id: string;
  /** −∞ for those without one: they come last. */
  readonly submittedAt: number;
  readonly bytes: Buffer;
  readonly lease: string | null;
}

/** Entries of one source, latest first. */
type Source = AsyncGenerator<Entry, void, void>;

/**
 * Lists tasks by status, a page at a time. Final results have a sorted set per status. Of the others a part is found
 * where it stands anyway: pending messages in the waiting lists, running ones among the leases.
 */
export class StatusListing {
  readonly #place: RedisPlace;
  readonly #reader: RecordReader;
  readonly #logger: () => Logger;

  constructor(place: RedisPlace, reader: RecordReader, logger: () => Logger) {
    this.#place = place;
    this.#reader = reader;
    this.#logger = logger;
  }

  async list(status: TaskStatus, page: Page): Promise<TaskResult[]> {
    const { limit: wanted, offset } = checkPage(page);
    if (wanted === 0) return [];
    // One source can skip by itself; where several are merged, what they skip depends on each other.
    if (isFinal(status)) return this.#take(this.#indexed(status, wanted, offset), 0, wanted);
    return this.#take(merge(await this.#sources(status, offset + wanted)), offset, wanted);
  }

  async #take(source: Source, offset: number, wanted: number): Promise<TaskResult[]> {
    const results: TaskResult[] = [];
    const seen = new Set<string>();
    let skipped = 0;
    for await (const entry of source) {
      // Between two reads a task may move from one source to another, or down in one.
      if (seen.has(entry.id)) continue;
      seen.add(entry.id);
      const result = this.#decode(entry);
      if (!result) continue;
      if (skipped++ < offset) continue;
      results.push(result);
      if (results.length >= wanted) break;
    }
    return results;
  }

  async #sources(status: TaskStatus, wanted: number): Promise<Source[]> {
    const sources = [this.#indexed(status, wanted)];
    if (status === 'retrying') return sources;
    if (status === 'running') return [...sources, this.#running()];
    const lanes = await knownLanes(this.#place);
    return [...sources, ...lanes.map((lane) => inOrder(this.#waiting(lane, wanted)))];
  }

  #decode({ id, bytes, lease }: Entry): TaskResult | null {
    try {
      return recordToResult(id, bytes, lease);
    } catch (err) {
      if (!isUnreadable(err)) throw err;
      this.#logger().error({ taskId: id, err }, 'a stored result cannot be read and is left out of the listing');
      return null;
    }
  }

  async *#indexed(status: TaskStatus, wanted: number, start = 0): Source {
    const { keys, now } = this.#place;
    const own = [keys.tasks, keys.active, keys.expiry, ...keys.statuses];
    const chunk = Math.min(wanted, MAX_BATCH_ENTRIES);
    for (let offset = start; ; ) {
      const args = [now, status, offset, chunk, MAX_BATCH_BYTES];
      const reply = await this.#place.run(SCRIPTS.list, own, args, { repeat: true });
      const [moreToSweep, looked, present, ...rows] = reply as [number, number, number, ...Buffer[]];
      if (moreToSweep) continue;
      yield* toEntries(rows);
      // What was not there any more is gone from the set as well, and the rest has moved up.
      offset += present;
      if (looked === 0) return;
    }
  }

  async *#waiting({ queue, lane }: QueueLane, wanted: number): Source {
    const { keys } = this.#place;
    const [waitList] = keys.lane(queue, lane);
    const chunk = Math.min(wanted, MAX_BATCH_ENTRIES);
    for (let offset = 0; ; ) {
      const reply = await this.#place.run(
        SCRIPTS.listWaiting,
        [keys.tasks, keys.active, waitList],
        [queue, lane, offset, chunk, MAX_BATCH_BYTES],
        { repeat: true },
      );
      const [looked, ...rows] = reply as [number, ...Buffer[]];
      yield* toEntries(rows);
      offset += looked;
      if (looked === 0) return;
    }
  }

  /** As many as there are slots in all workers: they are sorted here. */
  async *#running(): Source {
    const { connection, keys } = this.#place;
    const ids: string[] = [];
    let cursor = '0';
    do {
      const [next, fields] = (await connection.send('hscan', [keys.active, cursor, 'COUNT', MAX_BATCH_ENTRIES], {
        repeat: true,
      })) as [Buffer, Buffer[]];
      for (let i = 0; i < fields.length; i += 2) ids.push(String(fields[i]));
      cursor = next.toString();
    } while (cursor !== '0');
    const entries: Entry[] = [];
    await Promise.all(
      ids.map(async (id) => {
        const record = await this.#reader.read(id);
        if (!record?.lease) return;
        entries.push({ id, submittedAt: submittedAtOf(id, record.bytes), ...record });
      }),
    );
    yield* entries.sort(latestFirst);
  }
}

function* toEntries(rows: readonly Buffer[]): Generator<Entry, void, void> {
  for (let i = 0; i + 2 < rows.length; i += 3) {
    const [id, score, bytes] = rows.slice(i, i + 3) as [Buffer, Buffer, Buffer];
    const submittedAt = score.toString() === '-inf' ? Number.NEGATIVE_INFINITY : Number(score);
    yield { id: id.toString(), submittedAt, bytes, lease: null };
  }
}

function submittedAtOf(id: string, bytes: Buffer): number {
  try {
    return recordToResult(id, bytes, null).submittedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
  } catch {
    return Number.NEGATIVE_INFINITY;
  }
}

/** Latest first; of one millisecond the greater id, byte by byte. */
function latestFirst(a: Entry, b: Entry): number {
  if (a.submittedAt !== b.submittedAt) return b.submittedAt > a.submittedAt ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

/** A list keeps what was submitted in one millisecond in the order of arrival; a listing sorts it by id. */
async function* inOrder(source: Source): Source {
  let tied: Entry[] = [];
  for await (const entry of source) {
    if (tied[0] && tied[0].submittedAt !== entry.submittedAt) {
      yield* tied.sort(latestFirst);
      tied = [];
    }
    tied.push(entry);
  }
  yield* tied.sort(latestFirst);
}

/** Sources that are sorted each, as one. */
async function* merge(sources: readonly Source[]): Source {
  const heads = await Promise.all(sources.map(async (source) => ({ source, next: await source.next() })));
  try {
    while (true) {
      let first: (typeof heads)[number] | undefined;
      for (const head of heads) {
        if (head.next.done) continue;
        if (!first || first.next.done || latestFirst(head.next.value, first.next.value) < 0) first = head;
      }
      if (!first || first.next.done) return;
      yield first.next.value;
      first.next = await first.source.next();
    }
  } finally {
    await Promise.all(sources.map((source) => source.return()));
  }
}
