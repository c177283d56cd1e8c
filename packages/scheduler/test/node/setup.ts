import { InMemoryBroker, type InMemoryBrokerOptions } from '@flowrra/backend-memory';
import {
  type BaseSchedulerBackend,
  type Clock,
  type Firing,
  type Logger,
  type NewMessage,
  type PushReply,
  type ScheduledTask,
  StoreFullError,
  StoreUnavailableError,
} from '@flowrra/core';
import { createTestApp } from '@flowrra/core/testing';
import { sampleSchedule } from '../../src/conformance/sample-schedules.js';
import type { Retention } from '../../src/firing/ledger-retention.js';
import { SchedulerNode } from '../../src/firing/scheduler-node.js';
import type { FindTask } from '../../src/firing/unknown-tasks.js';
import { InMemorySchedulerBackend } from '../../src/in-memory/in-memory-scheduler-backend.js';
import { scheduleTimes } from '../../src/schedule-times.js';

/** Where the manual clock stands at first. */
export const START = Date.UTC(2026, 0, 1);
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export const at = (ms: number): Date => new Date(START + ms);

/** A schedule that was created when the clock started; due at its first slot unless `nextRun` says otherwise. */
export function schedule(id: string, fields: Partial<ScheduledTask> = {}): ScheduledTask {
  const task = sampleSchedule(id, {
    taskName: 'tick',
    schedule: String(SECOND),
    args: [id],
    nextRun: null,
    createdAt: at(0),
    updatedAt: at(0),
    ...fields,
  });
  if (fields.nextRun !== undefined) return task;
  const first = scheduleTimes(task).next(START);
  return { ...task, nextRun: first === null ? null : new Date(first) };
}

/** A broker in memory that says what it was given, and refuses everything while it is told to. */
export class WatchedBroker extends InMemoryBroker {
  down = false;
  /** Out of room: it answers, and takes nothing in. */
  outOfRoom = false;
  /** Messages that were taken in, as the broker saw them for the first time. */
  readonly taken: NewMessage[] = [];
  pushes = 0;

  override async push(messages: readonly NewMessage[]): Promise<PushReply[]> {
    this.pushes++;
    this.#check();
    if (this.outOfRoom) throw new StoreFullError('The broker is out of room.');
    const replies = await super.push(messages);
    this.taken.push(...messages.filter((_, i) => !replies[i]?.known));
    return replies;
  }

  override async holds(ids: readonly string[]): Promise<boolean[]> {
    this.#check();
    return super.holds(ids);
  }

  #check(): void {
    if (this.down) throw new StoreUnavailableError('The broker is down.');
  }
}

/** What was logged, level and message. */
export class LogLines implements Logger {
  readonly lines: string[] = [];
  readonly debug = (): void => {};
  readonly info = (_data: object, message: string): void => void this.lines.push(`info: ${message}`);
  readonly warn = (_data: object, message: string): void => void this.lines.push(`warn: ${message}`);
  readonly error = (_data: object, message: string): void => void this.lines.push(`error: ${message}`);
  count = (part: string): number => this.lines.filter((line) => line.includes(part)).length;
}

/** Any number of nodes on one app, one broker and one store, on a manual clock; the store's is `skew` ms ahead. */
export async function setup({
  broker: policy,
  ttl = null,
  skew = 0,
  retention = { age: 30 * 24 * HOUR, count: 1_000 },
}: {
  broker?: InMemoryBrokerOptions;
  /** How long results are kept; default for ever. */
  ttl?: number | null;
  skew?: number;
  retention?: Retention;
} = {}) {
  const broker = new WatchedBroker(policy);
  const log = new LogLines();
  const { app, clock } = createTestApp({ broker, backend: { ttl }, logger: log });
  const backend = new InMemorySchedulerBackend();
  const storeClock: Clock = { now: () => clock.now() + skew, after: clock.after.bind(clock) };
  await backend.open({ clock: storeClock, logger: log });
  // Loading packages takes time of its own, which a manual clock does not wait for.
  await app.queueSize('default');
  const ran: string[] = [];
  app.task('tick', (id: string) => void ran.push(id));
  const nodes: SchedulerNode[] = [];

  return {
    app,
    backend,
    broker,
    clock,
    log,
    /** The ids of the schedules whose tasks ran, once the app is started. */
    ran,
    /** A node that is not started. */
    node(
      name = 'node-1',
      store: BaseSchedulerBackend | (() => Promise<BaseSchedulerBackend>) = backend,
      findTask: FindTask = (task) => app.findTask(task),
    ) {
      const node = new SchedulerNode({
        app,
        backend: typeof store === 'function' ? store : async () => store,
        findTask,
        node: name,
        retention,
      });
      nodes.push(node);
      return node;
    },
    async create(...schedules: ScheduledTask[]): Promise<void> {
      for (const one of schedules) await backend.create(one);
    },
    async row(id: string): Promise<ScheduledTask> {
      const row = await backend.get(id);
      if (row) return row;
      throw new Error(`${id} is not stored`);
    },
    /** The slots whose tasks were enqueued, in milliseconds from the start, in order; twice when twice. */
    async enqueued(id: string): Promise<number[]> {
      const firings = new Map((await backend.listFirings(id)).map((firing) => [firing.id, firing]));
      const slots = broker.taken.flatMap((message) => firings.get(message.id)?.slot.getTime() ?? []);
      return slots.map((slot) => slot - START).sort((a, b) => a - b);
    },
    async stop(): Promise<void> {
      const stopped = Promise.all(nodes.map((node) => node.stop({ grace: 0 })));
      await clock.advance(0);
      await stopped;
      await app.stop();
    },
  };
}

export type World = Awaited<ReturnType<typeof setup>>;

/** The firings of a schedule, oldest first, in short: what a person wants to know of them. */
export async function ledger(backend: BaseSchedulerBackend, id: string): Promise<string[]> {
  return (await backend.listFirings(id)).reverse().map(inShort);
}

function inShort({ slot, until, count, kind, state }: Firing): string {
  const from = slot.getTime() - START;
  return until ? `${kind} ${from}..${until.getTime() - START} (${count}) ${state}` : `${kind} ${from} ${state}`;
}

/** The store as one node sees it: `call` may look at a call, fail it, or let it through. */
export function doorTo(
  backend: BaseSchedulerBackend,
  call: (method: string, through: () => unknown) => unknown,
): BaseSchedulerBackend {
  return new Proxy(backend, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => call(String(name), () => Reflect.apply(value, target, args));
    },
  });
}

/** `first`, `first + step` … up to `last`. */
export function range(first: number, last: number, step: number): number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, k) => first + k * step);
}
