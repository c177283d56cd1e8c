import { type BaseSchedulerBackend, consoleLogger } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import { getSchedulerBackend, InMemorySchedulerBackend } from '@flowrra/scheduler';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { BROKEN_CLAIMS } from '../../support/broken-claims.js';
import { checkClaimSteps } from '../../support/check-claim-steps.js';
import { claimSteps } from '../../support/claim-steps.js';
import { ENGINES, newDatabase } from '../../support/databases.js';

/** How many times more than usual the model is followed: for a long run by hand. */
const RUNS = Number(process.env.MODEL_RUNS ?? 1);

describe('Two nodes that read, claim and mark slots, also at once,', () => {
  const ends: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });

  for (const engine of ['memory', ...ENGINES] as const) {
    it(
      `do what a simple model of schedules and ledger does, on ${engine} (SI-1, SI-5, SI-6, SQ-04)`,
      async () => {
        const clock = new ManualClock();
        const newNode = await stores(engine, clock, ends);
        const nodes = { 'node-1': await newNode(), 'node-2': await newNode() };
        for (const node of Object.values(nodes)) {
          await node.open({ clock, logger: consoleLogger });
          ends.push(() => node.close());
        }
        const followsTheModel = fc.asyncProperty(claimSteps, (steps) => checkClaimSteps({ nodes, clock }, steps));
        await fc.assert(followsTheModel, { numRuns: (engine === 'memory' ? 200 : 25) * RUNS });
      },
      120_000 * RUNS,
    );
  }
});

describe('The model of claims finds a store that', () => {
  for (const Broken of BROKEN_CLAIMS) {
    it(Broken.name.replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase(), async () => {
      const clock = new ManualClock();
      const store = new Broken();
      await store.open({ clock, logger: consoleLogger });
      const nodes = { 'node-1': store, 'node-2': store };
      const property = fc.asyncProperty(claimSteps, (steps) => checkClaimSteps({ nodes, clock }, steps));
      const { failed } = await fc.check(property, { numRuns: 300, seed: 1, endOnFailure: true });
      expect(failed).toBe(true);
    });
  }
});

/** Makes nodes on one store; memory is one store by itself. */
async function stores(
  engine: 'memory' | (typeof ENGINES)[number],
  clock: ManualClock,
  ends: (() => Promise<void>)[],
): Promise<() => Promise<BaseSchedulerBackend>> {
  if (engine === 'memory') {
    const memory = new InMemorySchedulerBackend();
    return async () => memory;
  }
  const { url, options, drop } = newDatabase(engine);
  ends.push(drop);
  return () => getSchedulerBackend(url, { ...options, clock });
}
