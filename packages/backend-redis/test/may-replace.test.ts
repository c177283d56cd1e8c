import { mayReplace, type ResultStamp, type TaskResult, TaskStatus, unfinishedResult } from '@flowrra/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { setup } from './setup.js';

const stamp: fc.Arbitrary<ResultStamp> = fc.record({
  status: fc.constantFrom(...Object.values(TaskStatus)),
  fence: fc.integer({ min: 0, max: 3 }),
  submittedAt: fc.option(fc.integer({ min: 1, max: 3 }).map((ms) => new Date(ms))),
});

/** A result with that stamp; what else it says does not matter to the rule. */
function resultOf({ status, fence, submittedAt }: ResultStamp): TaskResult {
  const delivery = {
    taskId: 'task',
    queue: 'default',
    attempt: 1,
    fence,
    submittedAt: submittedAt?.getTime() ?? null,
    startedAt: null,
    worker: null,
    progress: null,
  };
  // A stamp of a final status makes no whole final result, which storing does not ask for.
  return { ...unfinishedResult('running', null, delivery), status } as TaskResult;
}

describe('the rule of what may replace a result', () => {
  it('is the same in the script as in core, for any history of results', async () => {
    const { backend: open } = setup();
    const backend = await open();
    await fc.assert(
      fc.asyncProperty(fc.array(stamp, { minLength: 2, maxLength: 6 }), async (history) => {
        await backend.delete('task');
        let stands: ResultStamp | null = null;
        for (const next of history) {
          const allowed = mayReplace(stands, next);
          expect(await backend.store('task', resultOf(next))).toBe(allowed);
          if (allowed) stands = next;
        }
      }),
      { numRuns: 300 },
    );
  });
});
