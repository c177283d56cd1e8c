import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Fault } from '../faults/fault.js';
import { dieAt } from '../faults/processes.js';
import { type ChaosPlan, PLAN, type PlantedBug } from '../plan.js';
import { TIMES } from '../times.js';

/** A mistake in the product, a plan that brings it to light, and the invariants of which one must be named. */
export interface Planted {
  readonly name: string;
  readonly caughtBy: RegExp;
  readonly plan: ChaosPlan;
}

// ── Faults that are aimed, not drawn ───────────────────────────────────────────────────────────────────────────────

const onWorker =
  (kind: string, strike: (post: Parameters<typeof dieAt>[0]) => Promise<void>): Fault =>
  async (world) => {
    const [post] = world.of('worker');
    if (post) await world.fault(kind, [post], () => strike(post));
  };

/** With what it was about to end, and whatever else it held. */
const diesWithItsTasks = onWorker('a worker dies in a window', (post) => dieAt(post, 'before finish'));
const frozen = onWorker('a worker is frozen', async (post) => {
  post.kill('SIGSTOP');
  await sleep(1.8 * TIMES.lease);
  post.kill('SIGCONT');
});
const diesBetweenResultAndAck = onWorker('a worker dies in a window', (post) => dieAt(post, 'before ack'));

/** A scheduler's messages do not arrive, though it reaches its database. */
const noPushes: Fault = async (world) => {
  const posts = world.of('scheduler');
  await world.fault('the links of schedulers are refused', posts, async () => {
    for (const { links } of posts) await links.messages.set({ kind: 'refuse' });
    await sleep(2_500);
    for (const { links } of posts) await links.messages.set({ kind: 'pass' });
  });
};

/** Notices to those who wait get lost, while tasks end. */
const deafWaiters: Fault = async (world) => {
  await world.fault('all subscriptions are ended', null, async () => {
    for (let times = 0; times < 8; times++) {
      await world.ask(world.messages, (client) => client.client('KILL', 'TYPE', 'pubsub'));
      await sleep(150);
    }
  });
};

const nothing: Fault = () => sleep(1_000);

// ── The bugs ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** Smaller than a plan that is drawn: the mistake is certain to show. */
const SMALL: ChaosPlan = {
  ...PLAN,
  posts: { worker: 2, scheduler: 0, reader: 1, producer: 1 },
  load: { ...PLAN.load, rate: 60, poison: 0, waits: 0.6, reads: 0.6 },
  schedules: 0,
  drain: 6_000,
};
const WITH_SCHEDULERS: ChaosPlan = {
  ...SMALL,
  posts: { worker: 1, scheduler: 2, reader: 0, producer: 0 },
  schedules: 20,
};
const LONG_TASKS: ChaosPlan = { ...SMALL, load: { ...SMALL.load, mix: { work: 1, long: 3 }, rate: 5 } };

const redis = (...edits: PlantedBug['edits']): PlantedBug => ({ package: 'backend-redis', edits });
const scheduler = (...edits: PlantedBug['edits']): PlantedBug => ({ package: 'scheduler', edits });

export const PLANTED: readonly Planted[] = [
  {
    name: 'takes a message out before it is done, so that it dies with its worker',
    caughtBy: /^BI-[19]/,
    plan: {
      ...LONG_TASKS,
      faults: [[diesWithItsTasks, diesWithItsTasks]],
      planted: redis({
        find: 'bringBack(id, base, m, lease, text ~= false)',
        replace: "redis.call('HDEL', KEYS[TASKS], id)",
      }),
    },
  },
  {
    name: 'ends a task without looking at the fence',
    caughtBy: /^BI-[45]/,
    plan: {
      ...LONG_TASKS,
      // What it runs when it is frozen may just be over elsewhere when it wakes.
      faults: [[frozen, frozen, frozen]],
      planted: redis(
        { find: 'itsFence == fence and itsExpiry > now', replace: 'true' },
        { find: 'text:find(delivery, 1, true) ~= #expiry + 1', replace: 'false' },
        { find: 'tonumber(expiry) > now', replace: 'true' },
      ),
    },
  },
  {
    name: 'marks a slot as enqueued before it is',
    caughtBy: /^SI-/,
    plan: {
      ...WITH_SCHEDULERS,
      faults: [[noPushes]],
      planted: scheduler({
        find: 'await this.push(claimed, contract);',
        replace: 'void this.push(claimed, contract).catch(() => {});',
      }),
    },
  },
  {
    name: 'advances a schedule without writing what became of the slot',
    caughtBy: /^SI-2/,
    plan: {
      ...WITH_SCHEDULERS,
      faults: [[nothing]],
      planted: scheduler({ find: 'firings: passed ?', replace: 'firings: Math.random() < 0.2 ? [] : passed ?' }),
    },
  },
  {
    name: 'gives the task of a slot an id by chance',
    caughtBy: /^SI-7/,
    plan: {
      ...WITH_SCHEDULERS,
      faults: [[nothing]],
      planted: scheduler({ find: 'id: firing.id,', replace: 'id: firing.id + Math.random(),' }),
    },
  },
  {
    name: 'reads a result before it listens, and never again',
    caughtBy: /^RI-5/,
    plan: {
      ...SMALL,
      faults: [[deafWaiters]],
      planted: redis(
        { find: 'this.#poll ??= this.#armPoll();', replace: '' },
        { find: 'missed: () => this.#lookAtAll()', replace: 'missed: () => {}' },
      ),
    },
  },
  {
    name: 'measures leases and delays by the clock of the process',
    caughtBy: /^BI-[37]/,
    plan: {
      ...SMALL,
      skews: [0, 3_600_000],
      faults: [[nothing]],
      planted: redis({
        find: 'return this.clock ? String(this.clock.now()) : "";',
        replace: 'return String(Date.now() + JSON.parse(process.argv[2]).skew);',
      }),
    },
  },
  {
    name: 'lets a later attempt replace a final result',
    caughtBy: /^(RI-[123]|BI-5)/,
    plan: {
      ...SMALL,
      stores: 'split',
      // Somebody has to see the end that is replaced.
      load: { ...SMALL.load, waits: 1, reads: 1 },
      faults: [[diesBetweenResultAndAck, diesBetweenResultAndAck, diesBetweenResultAndAck]],
      planted: redis({ find: 'if isFinal(old.status) or next.fence < old.fence then', replace: 'if false then' }),
    },
  },
  {
    name: 'enqueues a known id again',
    caughtBy: /^BI-[35]/,
    plan: {
      ...SMALL,
      load: { ...SMALL.load, repeats: 0.5 },
      faults: [[nothing]],
      planted: redis({ find: 'if (record and not result) or isKnown(id, result) then', replace: 'if false then' }),
    },
  },
  {
    name: 'starts delayed tasks at once',
    caughtBy: /^BI-7/,
    plan: {
      ...SMALL,
      faults: [[nothing]],
      planted: redis({ find: 'if run.readyAt <= now then', replace: 'if true then' }),
    },
  },
  {
    name: 'hands out the youngest first',
    caughtBy: /^BI-7/,
    plan: {
      ...SMALL,
      posts: { ...SMALL.posts, worker: 1 },
      load: { ...SMALL.load, mix: { work: 10, long: 4 } },
      faults: [[nothing]],
      planted: redis({
        find: "redis.call('RPUSH', KEYS[lane.base + WAIT], unpack",
        replace: "redis.call('LPUSH', KEYS[lane.base + WAIT], unpack",
      }),
    },
  },
  {
    name: 'never gives up a task that kills its workers',
    caughtBy: /^BI-6/,
    plan: {
      ...SMALL,
      load: { ...SMALL.load, poison: 2 },
      faults: [[() => sleep(9_000)]],
      planted: redis({ find: 'm.crashes = m.crashes + 1', replace: '' }),
    },
  },
  {
    name: 'repeats a failing task for ever',
    caughtBy: /^BI-6/,
    plan: {
      ...SMALL,
      faults: [[nothing]],
      planted: redis({ find: 'm.attempt = m.attempt + 1', replace: '' }),
    },
  },
  {
    name: 'leaves what runs in the list of what waits',
    caughtBy: /^BI-8/,
    plan: {
      ...SMALL,
      faults: [[nothing]],
      planted: redis({ find: "redis.call('ZREM', KEYS[fence == '0' and PENDING or RETRYING], id)", replace: '' }),
    },
  },
];

/** How often the places of a bug are found in the built package: once each, or nothing is planted. */
export function placesOf({ package: name, edits }: PlantedBug): number[] {
  const folder = fileURLToPath(new URL(`../../../packages/${name}/dist/`, import.meta.url));
  const sources = readdirSync(folder)
    .filter((file) => file.endsWith('.js'))
    .map((file) => readFileSync(`${folder}${file}`, 'utf8'));
  return edits.map(({ find }) => sources.reduce((sum, source) => sum + source.split(find).length - 1, 0));
}
