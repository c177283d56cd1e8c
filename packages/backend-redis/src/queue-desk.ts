import { CANCEL_TOPIC, type QueueSize } from '@flowrra/core';
import { MAX_BATCH_ENTRIES } from './batcher.js';
import { knownLanes } from './known-lanes.js';
import type { RedisPlace } from './redis-place.js';
import { parseLane } from './redis-records.js';
import { SCRIPTS } from './redis-scripts.js';

/** Entries that one call of a purge looks at. */
const PURGE_CHUNK = 500;
const CANCEL_REPLY = { notHeld: 0, asked: 1, otherLane: 2 };

/** What is asked about queues from outside: sizes, cancels, pauses. */
export class QueueDesk {
  readonly #place: RedisPlace;

  constructor(place: RedisPlace) {
    this.#place = place;
  }

  async cancel(queue: string, id: string): Promise<boolean> {
    const { keys } = this.#place;
    while (true) {
      const [header] = (await this.#place.run(SCRIPTS.headers, [keys.tasks], [id], {
        repeat: true,
      })) as (Buffer | null)[];
      const place = parseLane(header?.toString() ?? '');
      if (!place) return false;
      const own = [
        keys.tasks,
        keys.active,
        keys.status('pending'),
        keys.status('retrying'),
        ...keys.lane(queue, place.lane),
      ];
      const args = [keys.wakeChannel, keys.topicChannel(CANCEL_TOPIC), id, queue, place.lane];
      const reply = await this.#place.run(SCRIPTS.cancel, own, args, { repeat: true });
      // Between the two looks the id may have become a new message of another lane.
      if (reply !== CANCEL_REPLY.otherLane) return reply === CANCEL_REPLY.asked;
    }
  }

  async holds(ids: readonly string[]): Promise<boolean[]> {
    const { keys } = this.#place;
    const held: boolean[] = [];
    for (let from = 0; from < ids.length; from += MAX_BATCH_ENTRIES) {
      const part = ids.slice(from, from + MAX_BATCH_ENTRIES);
      const replies = (await this.#place.run(SCRIPTS.holds, [keys.tasks, keys.buried], part, {
        repeat: true,
      })) as number[];
      held.push(...replies.map((reply) => reply === 1));
    }
    return held;
  }

  async size(queue: string): Promise<QueueSize> {
    const { keys, now } = this.#place;
    const lanes = (await this.#lanesOf(queue)).flatMap((lane) => keys.lane(queue, lane));
    const reply = await this.#place.run(SCRIPTS.size, [keys.active, keys.dead(queue), ...lanes], [now, queue], {
      repeat: true,
    });
    const [waiting = 0, delayed = 0, running = 0, dead = 0] = reply as number[];
    return { waiting, delayed, running, dead };
  }

  async purge(queue: string): Promise<string[]> {
    const { connection, keys } = this.#place;
    const purged: string[] = [];
    for (const lane of await this.#lanesOf(queue)) {
      const own = [keys.tasks, keys.active, keys.status('pending'), keys.status('retrying'), ...keys.lane(queue, lane)];
      for (let seen = PURGE_CHUNK; seen >= PURGE_CHUNK; ) {
        const [looked, ...ids] = (await this.#place.run(SCRIPTS.purge, own, [queue, lane, PURGE_CHUNK])) as [
          number,
          ...Buffer[],
        ];
        purged.push(...ids.map(String));
        seen = looked;
      }
    }
    if (purged.length > 0) await connection.send('publish', [keys.goneChannel, '']);
    return purged;
  }

  async pause(queue: string): Promise<void> {
    await this.#place.connection.send('sadd', [this.#place.keys.paused, queue], { repeat: true });
  }

  async resume(queue: string): Promise<void> {
    const { connection, keys } = this.#place;
    await connection.send('srem', [keys.paused, queue], { repeat: true });
    await connection.send('publish', [keys.wakeChannel, queue]);
  }

  async #lanesOf(queue: string): Promise<string[]> {
    const lanes = await knownLanes(this.#place);
    return lanes.filter((known) => known.queue === queue).map(({ lane }) => lane);
  }
}
