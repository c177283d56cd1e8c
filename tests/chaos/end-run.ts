import { setTimeout as sleep } from 'node:timers/promises';
import type { WatchedSchedule } from '../support/slot-history.js';
import type { Role } from './actors.js';
import { readHistory } from './history/check-history.js';
import { seenOf } from './history/seen.mjs';
import { leftovers, openEnds } from './leftovers.js';
import { type ChaosWorld, KEY_PREFIX } from './world.js';

/** Ends the load, waits until everything has ended, looks at everything once more, and ends the actors. */
export async function endRun(world: ChaosWorld) {
  const faults: string[] = [];
  const { posts } = world.plan;
  const liveness = new Liveness(world);
  const inTime = async (what: string, isDone: () => Promise<boolean>): Promise<void> => {
    if (!(await liveness.until(isDone))) faults.push(`BI-9 ${what}`);
  };
  const retired = async (role: Role, how: 'finish' | 'SIGTERM'): Promise<void> => {
    await Promise.all(
      world.of(role).map(async (post) => {
        const code = post.retire(() => (how === 'finish' ? post.command('finish') : post.kill(how)));
        let exit: number | null | undefined;
        void code.then((value) => (exit = value));
        await inTime(`${post.actor} did not end`, async () => exit !== undefined);
        if (exit) faults.push(`SH-01 ${post.actor} ended with exit code ${exit}`);
      }),
    );
  };

  const schedules = posts.scheduler > 0 ? await endSchedules(world, inTime) : [];
  await inTime('slots stayed claimed', async () => (await world.backend.dueTimes()).oldestClaim === null);
  await retired('producer', 'finish');
  await inTime('the queue was not empty', async () => {
    const { waiting, delayed, running } = await world.app.queueSize('default');
    return waiting + delayed + running === 0;
  });
  await retired('reader', 'finish');
  await retired('scheduler', 'SIGTERM');
  await retired('worker', 'SIGTERM');
  const firings = (await Promise.all(schedules.map(({ id }) => world.backend.listFirings(id, { limit: null })))).flat();
  faults.push(...(await lastLook(world)));
  const ids = new Set(firings.map(({ id }) => id));
  return { faults, slots: { schedules, firings, ids } };
}

/**
 * BI-9: after the last fault everything ends, or at least something moves. A busy machine moves slowly, so that the time
 * for the whole is several times the time for a move.
 */
class Liveness {
  readonly #world: ChaosWorld;
  readonly #end: number;
  #lastState = '';
  #movedAt = performance.now();

  constructor(world: ChaosWorld) {
    this.#world = world;
    this.#end = performance.now() + 3 * world.plan.drain;
  }

  /** @returns whether it was done in time */
  async until(isDone: () => Promise<boolean>): Promise<boolean> {
    while (!(await isDone().catch(() => false))) {
      const now = performance.now();
      const state = await this.#state();
      if (state !== this.#lastState) this.#movedAt = now;
      this.#lastState = state;
      if (now > this.#end || now > this.#movedAt + this.#world.plan.drain) return false;
      await sleep(100);
    }
    this.#movedAt = performance.now();
    return true;
  }

  async #state(): Promise<string> {
    const { app, backend } = this.#world;
    return JSON.stringify(
      await Promise.allSettled([app.queueSize('default'), backend.dueTimes().then(({ oldestClaim }) => oldestClaim)]),
    );
  }
}

/** Ends the schedules once the nodes have caught up with all slots that were due while things went wrong. */
async function endSchedules(
  world: ChaosWorld,
  inTime: (what: string, isDone: () => Promise<boolean>) => Promise<void>,
): Promise<WatchedSchedule[]> {
  const healedAt = (await world.backend.dueTimes()).now;
  let firstOpen = healedAt;
  await inTime('the schedules did not catch up', async () => {
    firstOpen = (await world.backend.dueTimes()).nextRun ?? healedAt;
    return firstOpen > healedAt;
  });
  return world.endSchedules(firstOpen.getTime());
}

/** Reads every task once more, and what the stores still hold. */
async function lastLook(world: ChaosWorld): Promise<string[]> {
  const { plan, app } = world;
  const ids = new Set(
    readHistory(world.folder).flatMap((entry) => (entry.event === 'submit.invoke' ? [entry.id] : [])),
  );
  let call = 0;
  let kept = 0;
  for (const id of ids) {
    world.note({ event: 'read.invoke', id, call: ++call }, 'last-look');
    const seen = seenOf(await app.get(id));
    if (seen) kept++;
    world.note({ event: 'read.ok', id, call, seen }, 'last-look');
  }
  const { dead } = await app.queueSize('default');
  const givenUp = (await app.listByStatus('failed')).filter(
    (result) => result.status === 'failed' && result.error.code === 'WORKER_LOST',
  );
  const faults =
    dead === givenUp.length || plan.ttl !== null ? [] : [`BI-8 ${dead} dead letters of ${givenUp.length} given up`];
  await world.closeStores();
  for (const server of new Set([world.messages, world.results])) {
    const keepsResults = server === world.results;
    faults.push(
      ...(await world.ask(server, async (client) => [
        ...(await leftovers(client, KEY_PREFIX, plan.ttl !== null ? null : keepsResults ? kept : 0)),
        ...(await openEnds(client)),
      ])),
    );
  }
  return faults;
}
