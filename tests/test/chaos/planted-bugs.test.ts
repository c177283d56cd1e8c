import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PLANTED, placesOf } from '../../chaos/planted/planted-bugs.js';
import { runChaos } from '../../chaos/run.js';

describe.concurrent('the judge of histories catches a Flowrra that', () => {
  it.each(PLANTED.map((bug) => [bug.name, bug] as const))(
    '%s',
    { timeout: 120_000 },
    async (_name, { plan, caughtBy }) => {
      if (!plan.planted) return expect.unreachable('nothing is planted');
      // A bug that has lost its place in the code would not be planted at all.
      expect(placesOf(plan.planted)).toEqual(plan.planted.edits.map(() => 1));
      const folder = mkdtempSync(join(tmpdir(), 'flowrra-planted-'));
      const { faults } = await runChaos(plan, folder);
      rmSync(folder, { recursive: true });
      expect(faults).toContainEqual(expect.stringMatching(caughtBy));
    },
  );
});
