import { ResultUnreadableError, type TaskResult } from '@flowrra/core';
import { Batcher } from './batcher.js';
import { recordToResult } from './record-to-result.js';
import type { RedisPlace } from './redis-place.js';
import { SCRIPTS } from './redis-scripts.js';

/** A record as it is stored, and the lease of the message when it runs. */
export interface StoredRecord {
  readonly bytes: Buffer;
  readonly lease: string | null;
}

/** Reads records; the reads of one tick go to the server together. */
export class RecordReader {
  readonly #place: RedisPlace;
  readonly #reads: Batcher<string, StoredRecord | null>;
  readonly #looks: Batcher<string, Buffer | null>;

  constructor(place: RedisPlace) {
    this.#place = place;
    this.#reads = new Batcher({ send: (ids) => this.#read(ids, false, ''), bytesOf: () => 0 });
    this.#looks = new Batcher({
      send: async (ids) => (await this.#read(ids, true, '')).map((record) => record?.bytes ?? null),
      bytesOf: () => 0,
    });
  }

  /** @throws ResultUnreadableError */
  async get(taskId: string): Promise<TaskResult | null> {
    const record = await this.#reads.add(taskId);
    return record && recordToResult(taskId, record.bytes, record.lease);
  }

  read(taskId: string): Promise<StoredRecord | null> {
    return this.#reads.add(taskId);
  }

  /** The record if the task has ended, else its first line only; null when there is none. */
  look(taskId: string): Promise<Buffer | null> {
    return this.#looks.add(taskId);
  }

  /** Says that this process waits for tasks of others: for so many ms their ends are announced to anybody. */
  async askForNotices(ms: number): Promise<void> {
    await this.#read([], true, ms);
  }

  async #read(ids: readonly string[], onlyEnds: boolean, noticesFor: number | ''): Promise<(StoredRecord | null)[]> {
    const { keys, now } = this.#place;
    const args = [now, onlyEnds ? 1 : 0, noticesFor, ...ids];
    // As the script's head says: two values per id.
    const reply = (await this.#place.run(SCRIPTS.read, [keys.tasks, keys.active, keys.foreign], args, {
      repeat: true,
    })) as (Buffer | null)[];
    return ids.map((_id, i) => {
      const bytes = reply[2 * i];
      return bytes ? { bytes, lease: reply[2 * i + 1]?.toString() ?? null } : null;
    });
  }
}

/** Whether an error tells about one record, not about the server. */
export function isUnreadable(err: unknown): err is ResultUnreadableError {
  return err instanceof ResultUnreadableError;
}
