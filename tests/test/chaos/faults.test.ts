import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FAULTS } from '../../chaos/faults/index.js';
import { type ChaosPlan, everyFaultOnce, planOf } from '../../chaos/plan.js';
import { summaryOf } from '../../chaos/report.js';
import { runChaos } from '../../chaos/run.js';

/** Carries out a plan, and keeps its history if anything was violated. */
async function violationsOf(plan: ChaosPlan): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), `flowrra-chaos-${plan.seed}-`));
  const outcome = await runChaos(plan, folder);
  console.log(`seed ${plan.seed}, ${plan.stores}, ${plan.engine}: ${summaryOf([outcome])}`);
  if (outcome.faults.length === 0) rmSync(folder, { recursive: true });
  else console.log(`The history is in ${folder}; \`npm run chaos -- --seeds 1 --from ${plan.seed}\` runs it again.`);
  // Enough to see what is wrong: one mistake may show in every task.
  return outcome.faults.slice(0, 20);
}

describe('producers, workers, readers and scheduler nodes, with everything going wrong around them', () => {
  it.each(everyFaultOnce())(
    'lose nothing, end nothing twice, and leave nothing stuck: every kind of fault, $stores on $engine',
    { timeout: 240_000 },
    async (plan) => {
      expect(await violationsOf(plan)).toEqual([]);
    },
  );

  it('lose nothing, end nothing twice, and leave nothing stuck: faults by a seed of the moment', {
    timeout: 240_000,
  }, async () => {
    expect(await violationsOf(planOf(Math.floor(Date.now() / 1_000) % 1_000_000))).toEqual([]);
  });

  it('meet every kind of fault', () => {
    const struck = everyFaultOnce().flatMap(({ faults }) => faults.flatMap((track) => [...track]));
    expect(new Set(struck)).toEqual(new Set(Object.values(FAULTS)));
  });
});
