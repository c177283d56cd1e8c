import type { RedisPlace } from './redis-place.js';

/** Gives the lanes of a call their places among its keys; `firstFree` is the number of the first one. */
export class LaneTable {
  readonly keys: string[] = [];
  readonly #first = new Map<string, number>();

  constructor(
    readonly place: RedisPlace,
    readonly firstFree: number,
  ) {}

  firstKey(queue: string, lane: string): number {
    const name = `${queue}|${lane}`;
    const known = this.#first.get(name);
    if (known !== undefined) return known;
    const first = this.firstFree + this.keys.length;
    this.#first.set(name, first);
    this.keys.push(...this.place.keys.lane(queue, lane));
    return first;
  }
}

/** The same for the sets of dead letters, one per queue. */
export class GraveTable {
  readonly keys: string[] = [];

  constructor(
    readonly place: RedisPlace,
    readonly firstFree: number,
  ) {}

  /** The two arguments that say whether a message becomes a dead letter: the number of its key, and the reason. */
  of(queue: string, reason: string | undefined): [number, string] {
    if (reason === undefined) return [0, ''];
    const key = this.place.keys.dead(queue);
    if (!this.keys.includes(key)) this.keys.push(key);
    return [this.firstFree + this.keys.indexOf(key), reason];
  }
}
