import assert from 'node:assert/strict';
import type { Lane } from '../../brokers/base-broker.js';
import type { TaskStoreModel } from './task-store-model.js';
import { LANES, type TaskStoreStep } from './task-store-step.js';

interface Run {
  readonly model: TaskStoreModel;
  readonly queues: Iterable<string>;
  does(step: TaskStoreStep): Promise<void>;
}

/** Whatever is held is handed out some time, and ends; then the results go that do not stay, and what is remembered. */
export async function letEverythingEnd(run: Run): Promise<void> {
  const { model, queues } = run;
  for (const queue of queues) await run.does({ do: 'resume', queue });
  const live = () => [...model.messages.values()].filter(({ state }) => state !== 'dead');
  for (let round = 0; round === 0 || live().length > 0; round++) {
    assert.ok(round < 5, `These do not end: ${live().map(({ id }) => id)}`);
    await run.does({ do: 'advance', ms: 10_000, late: 0 });
    for (const queue of queues) for (const lane of LANES) await emptyLane(run, queue, lane);
  }
  for (const { id, queue } of [...model.messages.values()]) await run.does({ do: 'takeDeadLetter', queue, id });
  const { ttl, policy } = model.options;
  await run.does({ do: 'advance', ms: (ttl ?? 0) + policy.dedupeWindow, late: 0 });
}

async function emptyLane(run: Run, queue: string, lane: Lane): Promise<void> {
  const { model } = run;
  const waiting = () => Object.values(model.waiting(queue, lane)).flat();
  // Once more than needed: a claim that finds nothing passes over what means nothing any more.
  for (let round = 0; round === 0 || waiting().length > 0; round++) {
    assert.ok(round < 20, `These are not handed out: ${waiting().map(({ id }) => id)}`);
    await run.does({ do: 'claim', worker: 'worker-1', queue, lane, count: 100, alone: true, leaseMs: 2_500 });
    for (let held = 0; held < model.deliveries; held++) {
      const lease = model.latestLease(held);
      if (!lease || !model.heldBy(lease)) continue;
      await run.does({ do: 'finish', held, status: 'failed', dead: false, again: false });
    }
  }
}
