import { consoleLogger } from '@flowrra/core';
import {
  checkTaskStoreSteps,
  type TaskStoreSettings,
  type TaskStoreStepsWorld,
  type TaskStoreWorld,
} from '@flowrra/core/conformance';
import { stepsPolicy, taskStoreSteps } from '@flowrra/core/conformance/arbitraries';
import fc from 'fast-check';
import { inspectKeys, inspectLeftovers } from './inspect-keys.js';
import type { RedisWorld } from './worlds.js';

const TTL = fc.constantFrom(null, 5_000);

/** Leases that end are told of: here they end all the time. */
const logger = { ...consoleLogger, warn: () => {} };

type Create = (settings: TaskStoreSettings) => Promise<TaskStoreWorld & { redis?: RedisWorld }>;

/**
 * That a task store does what its model does. Where the world says which Redis it is on, broker and backend are fused,
 * and its keys are looked at as well.
 */
export function followsTheModel(create: Create) {
  return fc.asyncProperty(taskStoreSteps, stepsPolicy, TTL, async (steps, policy, ttl) => {
    const { advance, redis, ...world } = await create({ policy, ttl, logger });
    if (!advance) throw new Error('The world has no clock to move.');
    const inspect: TaskStoreStepsWorld['inspect'] = async (expected, when) => {
      if (!redis) return;
      await inspectKeys(redis, expected);
      if (when === 'all ended') await inspectLeftovers(redis, expected);
    };
    const subject = { ...world, advance, inspect, policy, ttl, joined: !redis };
    await checkTaskStoreSteps(subject, steps).finally(world.close);
  });
}
