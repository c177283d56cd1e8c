import { laneName } from './redis-keys.js';
import type { RedisPlace } from './redis-place.js';

/** The keys of a call whose lanes are known only while its arguments are put together. */
export class LaneTable {
  /** Those that the script always takes, then those of the lanes. */
  readonly keys: string[];
  readonly #place: RedisPlace;
  readonly #first = new Map<string, number>();

  constructor(place: RedisPlace, fixed: readonly string[]) {
    this.#place = place;
    this.keys = [...fixed];
  }

  /** The number of the lane's first key, as scripts count: from 1. */
  firstKey(queue: string, lane: string): number {
    const name = laneName(queue, lane);
    const known = this.#first.get(name);
    if (known !== undefined) return known;
    const first = this.keys.length + 1;
    this.#first.set(name, first);
    this.keys.push(...this.#place.keys.lane(queue, lane));
    return first;
  }
}

/** The same for the sets of dead letters, one per queue. */
export class DeadLetterTable {
  readonly keys: string[];
  readonly #place: RedisPlace;

  constructor(place: RedisPlace, fixed: readonly string[]) {
    this.#place = place;
    this.keys = [...fixed];
  }

  /** The two arguments that say whether a message becomes a dead letter: the number of its key, and the reason. */
  of(queue: string, reason: string | undefined): [number, string] {
    if (reason === undefined) return [0, ''];
    const key = this.#place.keys.dead(queue);
    if (!this.keys.includes(key)) this.keys.push(key);
    return [this.keys.indexOf(key) + 1, reason];
  }
}
