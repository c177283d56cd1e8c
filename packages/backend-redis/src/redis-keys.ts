import { ConfigError, checkName, type Lane, type TaskStatus } from '@flowrra/core';

export const DEFAULT_KEY_PREFIX = 'flowrra';

/** @throws ConfigError when the prefix could not be told apart from what follows it */
export function checkKeyPrefix(prefix: unknown): string {
  try {
    return checkName(prefix, 'keyPrefix');
  } catch (cause) {
    throw new ConfigError('keyPrefix', `${(cause as Error).message} No "{}": Flowrra places keys itself.`, { cause });
  }
}

/** How a lane is called in keys and in the set of lanes. */
export function laneName(queue: string, lane: string): string {
  return `${queue}|${lane}`;
}

/** The keys of one lane, in the order in which scripts take them. */
export type LaneKeys = readonly [
  wait: string,
  prioritised: string,
  delayed: string,
  urgent: string,
  lastChance: string,
  stale: string,
  idle: string,
  open: string,
];

/**
 * Every key and channel of a namespace. Names of queues cannot contain "|", so that no two meet. All keys but those of
 * lanes and dead letters are fixed.
 */
export class RedisKeys {
  /** Hash, id → record: a held message or a result. See scripts/includes/record.lua. */
  readonly tasks: string;
  /** Hash, id → lease: what runs. See scripts/includes/lease.lua. */
  readonly active: string;
  /** How many leases there are: when `active` holds fewer, somebody took some away. */
  readonly held: string;
  /** When leases were last looked through, epoch ms. */
  readonly swept: string;
  /** Counts messages that need a place in a sorted set. */
  readonly sequence: string;
  /** Set of "queue|lane" that ever held a message. */
  readonly lanes: string;
  /** Set of queues from which nothing is claimed. */
  readonly paused: string;
  /** Sorted set, "id id …" by end: results with a time to live, those of one call together. */
  readonly expiry: string;
  /** Sorted set, id by end: remembered ids. */
  readonly finished: string;
  /** Sorted set, id by end: other ids whose results are kept elsewhere, while their push may be repeated. */
  readonly ended: string;
  /** Hash, id → dead letter. */
  readonly buried: string;
  /** Exists while some process waits for tasks that it did not submit. */
  readonly foreign: string;
  /** Channel: the name of a queue in which idle workers may find something. */
  readonly wakeChannel: string;
  /** Channels of answers to open claims start with it: a name that only the claiming broker has follows. */
  readonly answerChannels: string;
  /** Channel: ids whose results were removed; empty means any. */
  readonly goneChannel: string;

  /** Sorted sets of ids by submittedAt, one per status, in the order in which scripts take them. */
  readonly statuses: readonly string[];
  readonly #channels: string;

  /** `database`: Redis sends messages across databases, keys do not reach that far. */
  constructor(
    readonly prefix: string,
    database: number,
  ) {
    this.#channels = `${prefix}:${database}|`;
    this.statuses = (['pending', 'running', 'retrying', 'success', 'failed', 'cancelled'] satisfies TaskStatus[]).map(
      (status) => this.status(status),
    );
    this.tasks = `${prefix}:tasks`;
    this.active = `${prefix}:active`;
    this.held = `${prefix}:held`;
    this.swept = `${prefix}:swept`;
    this.sequence = `${prefix}:sequence`;
    this.lanes = `${prefix}:lanes`;
    this.paused = `${prefix}:paused`;
    this.expiry = `${prefix}:expiry`;
    this.finished = `${prefix}:finished`;
    this.ended = `${prefix}:ended`;
    this.buried = `${prefix}:buried`;
    this.foreign = `${prefix}:foreign`;
    this.wakeChannel = `${this.#channels}wake`;
    this.answerChannels = `${this.#channels}answer:`;
    this.goneChannel = `${this.#channels}gone`;
  }

  /** Sorted set, id by submittedAt. Messages in plain waiting order are listed by their lists instead. */
  status(status: TaskStatus): string {
    return `${this.prefix}:status:${status}`;
  }

  lane(queue: string, lane: Lane | string): LaneKeys {
    const name = laneName(queue, lane);
    const key = (kind: string): string => `${this.prefix}:${kind}|${name}`;
    return [
      key('wait'),
      key('prioritised'),
      key('delayed'),
      key('urgent'),
      key('last-chance'),
      key('stale'),
      key('idle'),
      this.openClaims(queue, lane),
    ];
  }

  /** Hash, token → open claim: see scripts/includes/open.lua. */
  openClaims(queue: string, lane: Lane | string): string {
    return `${this.prefix}:open|${laneName(queue, lane)}`;
  }

  /** Sorted set, id by the time of death. */
  dead(queue: string): string {
    return `${this.prefix}:dead|${queue}`;
  }

  /** Channels of completion notices start with it: the submitting process's name follows. */
  get originChannels(): string {
    return `${this.#channels}done:`;
  }

  /** The same for those who wait for one task: its id follows. */
  get taskChannels(): string {
    return `${this.#channels}done-task:`;
  }

  /** What `publish` and `subscribe` of the broker use. */
  topicChannel(topic: string): string {
    return `${this.#channels}topic:${topic}`;
  }
}
