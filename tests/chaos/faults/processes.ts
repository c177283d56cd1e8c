import { setTimeout as sleep } from 'node:timers/promises';
import type { Post, Role } from '../actors.js';
import { TIMES } from '../times.js';
import type { ChaosWorld } from '../world.js';
import type { Fault } from './fault.js';

const WORKER_WINDOWS = ['claim', 'finish', 'retry'];
/** Windows between the steps of two stores. */
const SPLIT_WINDOWS = ['ack', 'result'];
const PRODUCER_WINDOWS = ['submit'];
const SCHEDULER_WINDOWS = ['claim of slots', 'push of a slot', 'mark of slots'];
/** How long an actor may take to come to its window, in milliseconds. */
const PATIENCE = 3_000;

function killed(role: Role): Fault {
  return async (world, random) => {
    const post = random.pick(world.mortals(role));
    if (!post) return;
    await world.fault(`a ${role} is killed`, [post], async () => {
      const gone = post.gone();
      post.kill('SIGKILL');
      await gone;
    });
  };
}

/** It stands still for half a lease to four, and goes on. */
function frozen(role: Role): Fault {
  return async (world, random) => {
    const post = random.pick(world.of(role));
    await world.fault(`a ${role} is frozen`, [post], async () => {
      post.kill('SIGSTOP');
      await sleep(TIMES.lease * (0.5 + 3.5 * random.next()));
      post.kill('SIGCONT');
    });
  };
}

/** In order, with the grace; a supervisor starts it again. */
function restarted(role: Role): Fault {
  return async (world, random) => {
    const post = random.pick(world.mortals(role));
    if (!post) return;
    await world.fault(`a ${role} is told to stop`, [post], async () => {
      const gone = post.gone();
      post.kill('SIGTERM');
      await gone;
    });
  };
}

/** It dies in one of its narrow windows. */
function diesAt(role: Role, windowsOf: (world: ChaosWorld) => readonly string[]): Fault {
  return async (world, random) => {
    const post = random.pick(world.mortals(role));
    if (!post) return;
    const point = `${random.pick(['before', 'after'])} ${random.pick(windowsOf(world))}`;
    await world.fault(`a ${role} dies in a window`, [post], () => dieAt(post, point));
  };
}

/** @returns once it died there, or did not come there in time */
export async function dieAt(post: Post, point: string): Promise<void> {
  const gone = post.gone();
  post.command('die at', point);
  const patience = new AbortController();
  await Promise.race([gone, sleep(PATIENCE, undefined, { signal: patience.signal }).catch(() => {})]);
  patience.abort();
  post.command('die at', null);
}

export const processFaults = {
  'worker killed': killed('worker'),
  'producer killed': killed('producer'),
  'scheduler killed': killed('scheduler'),
  'worker frozen': frozen('worker'),
  'scheduler frozen': frozen('scheduler'),
  'worker told to stop': restarted('worker'),
  'scheduler told to stop': restarted('scheduler'),
  'worker dies in a window': diesAt('worker', ({ plan }) =>
    plan.stores === 'split' ? [...WORKER_WINDOWS, ...SPLIT_WINDOWS] : WORKER_WINDOWS,
  ),
  'producer dies in a window': diesAt('producer', ({ plan }) =>
    plan.stores === 'split' ? [...PRODUCER_WINDOWS, 'push', 'result'] : PRODUCER_WINDOWS,
  ),
  'scheduler dies in a window': diesAt('scheduler', () => SCHEDULER_WINDOWS),
} satisfies Record<string, Fault>;
