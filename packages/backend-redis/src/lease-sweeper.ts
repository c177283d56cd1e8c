import { type BrokerPolicy, type Logger, systemClock } from '@flowrra/core';
import { LaneTable } from './key-tables.js';
import { knownLanes } from './known-lanes.js';
import type { RedisPlace } from './redis-place.js';
import { parseLane, parseLease } from './redis-records.js';
import { SCRIPTS } from './redis-scripts.js';

/** Milliseconds between two looks at all leases, over all processes. */
export const SWEEP_INTERVAL = 1_000;
/** Leases or records that one call looks at. */
const CHUNK = 200;
/** Characters before the id in the members of sorted sets: see placed and delayedMember in scripts/includes. */
const SEQUENCE_LENGTH = 16;
const DUE_LENGTH = 3;

interface Suspect {
  readonly id: string;
  /** As it was read; empty for a message that has none. */
  readonly lease: string;
}

/** Brings back what dead workers held. Whoever claims or extends is also the one who sweeps, once a second over all. */
export class LeaseSweeper {
  readonly #place: RedisPlace;
  readonly #policy: BrokerPolicy;
  readonly #logger: () => Logger;
  #lastLook = Number.NEGATIVE_INFINITY;
  #reconciling: Promise<void> | null = null;

  constructor(place: RedisPlace, policy: BrokerPolicy, logger: () => Logger) {
    this.#place = place;
    this.#policy = policy;
    this.#logger = logger;
  }

  /** Sweeps when it is time. */
  async sweepIfDue(): Promise<void> {
    const clock = this.#place.clock ?? systemClock;
    const now = clock.now();
    if (now >= this.#lastLook && now - this.#lastLook < SWEEP_INTERVAL) return;
    this.#lastLook = now;
    await this.#sweep();
  }

  async #sweep(): Promise<void> {
    const { keys, now } = this.#place;
    const own = [keys.swept, keys.active, keys.held, keys.tasks, keys.expiry, keys.finished, ...keys.statuses];
    const [at, missing = 0] = (await this.#place.run(SCRIPTS.beginSweep, own, [
      now,
      SWEEP_INTERVAL,
      this.#policy.dedupeWindow,
    ])) as number[];
    if (at === undefined) return;
    await this.#recoverEnded(at);
    if (missing > 0) this.#reconciling ??= this.#reconcile(missing).finally(() => (this.#reconciling = null));
    // Rare and slow: the claim that swept does not wait for it, and nobody else does it meanwhile.
    this.#reconciling?.catch((err: unknown) =>
      this.#logger().warn({ err }, 'looking for messages without a lease failed; the next sweep tries again'),
    );
  }

  async #recoverEnded(now: number): Promise<void> {
    let cursor = '0';
    do {
      // HSCAN's reply: the next cursor, then fields and values.
      const [next, entries] = (await this.#place.connection.send('hscan', [
        this.#place.keys.active,
        cursor,
        'COUNT',
        CHUNK,
      ])) as [Buffer, Buffer[]];
      const ended: Suspect[] = [];
      for (let i = 0; i + 1 < entries.length; i += 2) {
        const lease = String(entries[i + 1]);
        const parsed = parseLease(lease);
        if (!parsed || parsed.expiry <= now) ended.push({ id: String(entries[i]), lease });
      }
      await this.#recover(ended);
      cursor = next.toString();
    } while (cursor !== '0');
  }

  async #recover(suspects: readonly Suspect[]): Promise<number> {
    let recovered = 0;
    for (let from = 0; from < suspects.length; from += CHUNK)
      recovered += await this.#recoverChunk(suspects.slice(from, from + CHUNK));
    return recovered;
  }

  async #recoverChunk(suspects: readonly Suspect[]): Promise<number> {
    const { keys, now } = this.#place;
    const headers = (await this.#place.run(
      SCRIPTS.headers,
      [keys.tasks],
      suspects.map(({ id }) => id),
    )) as (Buffer | null)[];
    const fixed = [keys.tasks, keys.active, keys.held, keys.status('pending'), keys.status('retrying')];
    const lanes = new LaneTable(this.#place, fixed);
    const args = suspects.flatMap(({ id, lease }, i) => {
      const lane = parseLane(headers[i]?.toString() ?? '') ?? parseLease(lease);
      return [id, lane ? lanes.firstKey(lane.queue, lane.lane) : 0, lease];
    });
    const recovered = Number(
      await this.#place.run(SCRIPTS.recover, lanes.keys, [now, keys.wakeChannel, this.#policy.maxCrashes, ...args]),
    );
    if (recovered > 0)
      this.#logger().warn({ tasks: recovered }, 'leases ended without a result: their tasks run again');
    return recovered;
  }

  /**
   * Leases were taken away by somebody else, so their messages are in no list and held by nobody. They are what is left
   * of all messages without a lease, once those in lists are taken off.
   */
  async #reconcile(missing: number): Promise<void> {
    const { connection, keys } = this.#place;
    const lost = await this.#messagesWithoutLease();
    for (const { queue, lane } of await knownLanes(this.#place)) {
      for await (const id of this.#idsIn(keys.lane(queue, lane))) lost.delete(id);
    }
    await this.#recover([...lost].map((id) => ({ id, lease: '' })));
    await connection.send('decrby', [keys.held, missing]);
  }

  async #messagesWithoutLease(): Promise<Set<string>> {
    const { keys } = this.#place;
    const ids = new Set<string>();
    let cursor = '0';
    do {
      const [next, ...found] = (await this.#place.run(
        SCRIPTS.findMessages,
        [keys.tasks, keys.active],
        [cursor, CHUNK],
      )) as [Buffer, ...Buffer[]];
      for (const id of found) ids.add(id.toString());
      cursor = next.toString();
    } while (cursor !== '0');
    return ids;
  }

  async *#idsIn([wait, prioritised, delayed, urgent, lastChance]: readonly string[]): AsyncGenerator<string> {
    const places = [
      ['lrange', wait, 0],
      ['lrange', urgent, 0],
      ['lrange', lastChance, 0],
      ['zrange', prioritised, SEQUENCE_LENGTH],
      ['zrange', delayed, DUE_LENGTH + SEQUENCE_LENGTH],
    ] as const;
    for (const [command, key = '', prefix] of places) {
      for (let from = 0; ; from += CHUNK) {
        const entries = (await this.#place.connection.send(command, [key, from, from + CHUNK - 1])) as Buffer[];
        for (const entry of entries) yield entry.toString().slice(prefix);
        if (entries.length < CHUNK) break;
      }
    }
  }
}
