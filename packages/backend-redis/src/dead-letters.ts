import { checkPage, type DeadLetter, type Page } from '@flowrra/core';
import { ReplyLostError } from './redis-errors.js';
import type { RedisPlace } from './redis-place.js';
import { SCRIPTS } from './redis-scripts.js';

/** How a dead letter begins: see scripts/includes/bury.lua. */
const HEAD = /^(\d+)\|(\d+)\n$/;

/** Messages that were given up. Their form is told in scripts/includes/bury.lua. */
export class DeadLetters {
  readonly #place: RedisPlace;
  /** By queue and id: they were taken, perhaps, and the caller was told that it is unknown. */
  readonly #unheard = new Map<string, DeadLetter>();

  constructor(place: RedisPlace) {
    this.#place = place;
  }

  async list(queue: string, page: Page): Promise<DeadLetter[]> {
    const { limit, offset } = checkPage(page);
    const { connection, keys } = this.#place;
    if (limit === 0) return [];
    const last = limit === Number.POSITIVE_INFINITY ? -1 : offset + limit - 1;
    const ids = (await connection.send('zrevrange', [keys.dead(queue), offset, last], { repeat: true })) as Buffer[];
    if (ids.length === 0) return [];
    const letters = await this.#read(ids);
    return ids.flatMap((id, i) => parse(queue, id.toString(), letters[i] ?? null) ?? []);
  }

  async take(queue: string, id: string): Promise<DeadLetter | null> {
    const { keys } = this.#place;
    const name = `${queue}|${id}`;
    // Read before it is taken: if the reply to that is lost, nobody else has it any more.
    const [bytes = null] = await this.#read([id]);
    const letter = parse(queue, id, bytes) ?? this.#unheard.get(name);
    if (!letter) return null;
    try {
      const own = [keys.buried, keys.dead(queue), keys.finished, keys.tasks];
      const taken = (await this.#place.run(SCRIPTS.takeDeadLetter, own, [id])) as Buffer | null;
      const takenBefore = this.#unheard.delete(name);
      return parse(queue, id, taken) ?? (takenBefore ? letter : null);
    } catch (err) {
      if (err instanceof ReplyLostError) this.#unheard.set(name, letter);
      throw err;
    }
  }

  async #read(ids: readonly (string | Buffer)[]): Promise<(Buffer | null)[]> {
    const { connection, keys } = this.#place;
    return (await connection.send('hmget', [keys.buried, ...ids], { repeat: true })) as (Buffer | null)[];
  }
}

/** What is damaged is shown as it is: otherwise nobody could take it out, and its id would be known for ever. */
function parse(queue: string, id: string, bytes: Buffer | null): DeadLetter | null {
  if (!bytes) return null;
  const end = bytes.indexOf('\n');
  const [, diedAt, reasonBytes] = HEAD.exec(bytes.toString('utf8', 0, end + 1)) ?? [];
  if (diedAt === undefined)
    return { id, queue, reason: 'damaged', diedAt: new Date(0), payload: new Uint8Array(bytes) };
  const payloadAt = end + 1 + Number(reasonBytes);
  return {
    id,
    queue,
    reason: bytes.toString('utf8', end + 1, payloadAt),
    diedAt: new Date(Number(diedAt)),
    payload: new Uint8Array(bytes.subarray(payloadAt)),
  };
}
