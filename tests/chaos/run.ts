import { setTimeout as sleep } from 'node:timers/promises';
import { faultsOf } from '../support/slot-history.js';
import type { Role } from './actors.js';
import { type Counts, countsOf } from './counts.js';
import { endRun } from './end-run.js';
import { checkHistory, readHistory } from './history/check-history.js';
import { faultsOfMemory, type MemoryTrend, memoryTrends } from './history/check-memory.js';
import type { Judgement } from './history/judgement.js';
import type { ChaosPlan } from './plan.js';
import { seededRandom } from './random.mjs';
import { TIMES } from './times.js';
import { type Watch, watchHarness, watchServers } from './watches.js';
import { ChaosWorld } from './world.js';

/** Tasks that a worker runs at once. */
const SLOTS = 6;
/** Milliseconds from a slot to its claim. */
const LATEST_SLOT = 60_000;

const RULES: Omit<Judgement, 'disturbances' | 'split' | 'ttl'> = {
  maxCrashes: 3,
  attempts: { work: 1, long: 1, flaky: 4, fails: 2, poison: 1, tick: 1 },
  retryDelay: TIMES.retryDelay,
  patience: 8_000,
  refusals: new Set(['STORE_UNAVAILABLE']),
};

export interface ChaosOutcome {
  readonly plan: ChaosPlan;
  /** One line for each violation, with the invariant first; none when all is well. */
  readonly faults: readonly string[];
  readonly counts: Counts;
  /** Of a soak; else empty. */
  readonly memory: readonly MemoryTrend[];
  /** How often each kind of fault struck. */
  readonly struck: ReadonlyMap<string, number>;
  readonly seconds: number;
}

/** Carries out a plan: load, faults, healing, the end, and the judgement. The history stays in `folder`. */
export async function runChaos(plan: ChaosPlan, folder: string): Promise<ChaosOutcome> {
  const begun = performance.now();
  const world = await ChaosWorld.open(plan, folder);
  try {
    await world.addSchedules();
    await openPosts(world);
    const watches: Watch[] = [watchHarness(world), ...(plan.soak ? [watchServers(world)] : [])];
    await sleep(TIMES.calm);
    await strike(world);
    await sleep(TIMES.calm);
    const end = await endRun(world);
    for (const watch of watches) watch.stop();
    const entries = readHistory(folder);
    const { ttl, stores } = plan;
    const verdict = checkHistory(entries, { ...RULES, split: stores === 'split', ttl });
    const runs = [...verdict.tasks.values()].flatMap(({ runs }) =>
      runs.filter(({ id }) => end.slots.ids.has(id)).map(({ id, fence }) => ({ id, fence })),
    );
    const slotFaults = faultsOf({ ...end.slots, runs, latest: LATEST_SLOT, redelivered: true });
    const memory = memoryTrends(entries);
    return {
      plan,
      faults: [...end.faults, ...verdict.faults, ...slotFaults, ...faultsOfMemory(memory)],
      memory,
      counts: countsOf([...verdict.tasks.values()], end.slots.firings.length),
      struck: world.struck,
      seconds: (performance.now() - begun) / 1_000,
    };
  } finally {
    await world.close();
  }
}

async function openPosts(world: ChaosWorld): Promise<void> {
  const { seed, load, posts } = world.plan;
  const random = seededRandom(seed);
  await Promise.all(
    (Object.keys(posts) as Role[]).flatMap((role) =>
      Array.from({ length: posts[role] }, (_, i) =>
        world.addPost(role, i + 1, { load: { ...load, seed: random.integer(1_000_000) }, slots: SLOTS }),
      ),
    ),
  );
}

/** The tracks of faults side by side, with pauses in between. */
async function strike(world: ChaosWorld): Promise<void> {
  const random = seededRandom(world.plan.seed);
  await Promise.all(
    world.plan.faults.map(async (track) => {
      const own = random.fork();
      for (const fault of track) {
        await fault(world, own);
        await sleep(100 + own.integer(800));
      }
    }),
  );
}
