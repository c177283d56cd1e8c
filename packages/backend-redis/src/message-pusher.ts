import {
  type BrokerPolicy,
  IndeterminateSubmitError,
  type Instant,
  type NewMessage,
  type PushReply,
  QueueFullError,
  StoreUnavailableError,
} from '@flowrra/core';
import { Batcher, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES } from './batcher.js';
import type { QueueLane } from './known-lanes.js';
import { ReplyLostError } from './redis-errors.js';
import { laneName } from './redis-keys.js';
import type { Argument } from './redis-link.js';
import type { RedisPlace } from './redis-place.js';
import { encodeField } from './redis-records.js';
import { SCRIPTS } from './redis-scripts.js';
import { Runs } from './runs.js';

/** A refusal is a reply: it concerns one group of a call, not the others. */
type GroupReply = PushReply[] | QueueFullError;

/** Takes messages in: calls of one tick go to the server together. */
export class MessagePusher {
  readonly #place: RedisPlace;
  readonly #policy: BrokerPolicy;
  readonly #batcher: Batcher<readonly NewMessage[], GroupReply>;

  constructor(place: RedisPlace, policy: BrokerPolicy) {
    this.#place = place;
    this.#policy = policy;
    this.#batcher = new Batcher({
      send: (groups) => this.#send(groups),
      bytesOf: (group) => group.reduce((bytes, message) => bytes + message.payload.length, 0),
      entriesOf: (group) => group.length,
    });
  }

  async push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    // With a limit a call is taken in whole or not at all, so it is one script call; the limit bounds it.
    const groups = this.#policy.maxQueueSize === null ? split(messages) : [messages];
    try {
      const [first] = groups;
      // Of most calls there is one part, which need not be joined with others.
      if (first && groups.length === 1) return unlessFull(await this.#batcher.add(first));
      return (await Promise.all(groups.map((group) => this.#batcher.add(group)))).flatMap(unlessFull);
    } catch (err) {
      if (err instanceof ReplyLostError)
        throw new IndeterminateSubmitError(
          messages.map(({ id }) => id),
          { cause: err },
        );
      // Refused after a part had been sent: repeating the whole is safe, claiming that nothing happened would not be.
      if (groups.length > 1 && err instanceof StoreUnavailableError)
        throw new IndeterminateSubmitError(
          messages.map(({ id }) => id),
          { cause: err },
        );
      throw err;
    }
  }

  async #send(groups: readonly (readonly NewMessage[])[]): Promise<GroupReply[]> {
    const lanes = this.#lanesOf(groups.flat());
    const { keys, now } = this.#place;
    const args: Argument[] = [this.#policy.dedupeWindow, this.#policy.maxQueueSize ?? '', lanes.size];
    for (const { queue, lane } of lanes.values()) args.push(queue, lane);
    const numbers = new Map([...lanes.keys()].map((name, i) => [name, i + 1]));
    const runs = new Runs(args);
    let last: NewMessage | null = null;
    for (const [i, group] of groups.entries()) {
      // Only with a limit it matters what was put together.
      if (this.#policy.maxQueueSize !== null) last = null;
      for (const message of group) {
        if (!last || !areAlike(last, message))
          runs.begin(i, numbers.get(laneName(message.queue, message.lane)) ?? 0, ...commonArguments(message));
        runs.add(message.id, message.payload);
        last = message;
      }
    }
    const fixed = [
      keys.tasks,
      keys.active,
      keys.held,
      keys.finished,
      keys.ended,
      keys.buried,
      keys.lanes,
      keys.sequence,
      ...keys.statuses,
      keys.paused,
    ];
    const laneKeys = [...lanes.values()].flatMap(({ queue, lane }) => keys.lane(queue, lane));
    // The script's reply: a number per message, after the time.
    const [at, ...codes] = (await this.#place.run(
      SCRIPTS.push,
      [...fixed, ...laneKeys],
      (isRepetition) => [now, keys.wakeChannel, isRepetition ? 1 : 0, ...args],
      { repeat: true },
    )) as number[];
    return this.#answer(groups, codes, Number(at), [...lanes.values()]);
  }

  /** With a limit, all lanes of a queue count. */
  #lanesOf(messages: readonly NewMessage[]): Map<string, QueueLane> {
    const lanes = new Map<string, QueueLane>();
    for (const { queue, lane } of messages) {
      lanes.set(laneName(queue, lane), { queue, lane });
      if (this.#policy.maxQueueSize === null) continue;
      for (const other of ['io', 'cpu']) lanes.set(laneName(queue, other), { queue, lane: other });
    }
    return lanes;
  }

  #answer(
    groups: readonly (readonly NewMessage[])[],
    codes: readonly number[],
    submittedAt: number,
    lanes: readonly QueueLane[],
  ): GroupReply[] {
    let next = 0;
    return groups.map((group) => {
      const own = codes.slice(next, next + group.length);
      next += group.length;
      const refused = own.find((code) => code < 0);
      if (refused !== undefined)
        return new QueueFullError(lanes[-refused - 1]?.queue ?? '', this.#policy.maxQueueSize ?? 0);
      return own.map((code) => ({ known: code === 1, submittedAt }));
    });
  }
}

function unlessFull(reply: GroupReply): PushReply[] {
  if (reply instanceof QueueFullError) throw reply;
  return reply;
}

/** Parts within the bounds of one script call. */
function split(messages: readonly NewMessage[]): (readonly NewMessage[])[] {
  const parts: NewMessage[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const part = parts.at(-1);
    if (!part || part.length >= MAX_BATCH_ENTRIES || bytes + message.payload.length > MAX_BATCH_BYTES) {
      parts.push([message]);
      bytes = message.payload.length;
    } else {
      part.push(message);
      bytes += message.payload.length;
    }
  }
  return parts;
}

function commonArguments({ priority, runAt, expiresAt, remembered, origin }: NewMessage): Argument[] {
  return [
    priority,
    instantArgument(runAt),
    instantArgument(expiresAt),
    remembered ? 'r' : '',
    encodeField(origin ?? ''),
  ];
}

/** Whether two messages have the same place and the same `commonArguments`. */
function areAlike(a: NewMessage, b: NewMessage): boolean {
  return (
    a.queue === b.queue &&
    a.lane === b.lane &&
    a.priority === b.priority &&
    a.remembered === b.remembered &&
    a.origin === b.origin &&
    instantArgument(a.runAt) === instantArgument(b.runAt) &&
    instantArgument(a.expiresAt) === instantArgument(b.expiresAt)
  );
}

/** See resolveInstant in scripts/includes/clock.lua, for which 0 is no instant: what is over by far is over at 1 as well. */
export function instantArgument(instant: Instant | null): string {
  if (instant === null) return '';
  return 'at' in instant ? String(Math.max(1, Math.round(instant.at))) : `+${Math.max(0, Math.round(instant.after))}`;
}
