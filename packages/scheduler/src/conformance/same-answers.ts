import assert from 'node:assert/strict';
import { type BaseSchedulerBackend, systemClock } from '@flowrra/core';
import { InMemorySchedulerBackend } from '../in-memory/in-memory-scheduler-backend.js';
import type { SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { type Call, IDS, RandomCalls } from './random-calls.js';
import { INSTANT } from './sample-schedules.js';

const CALLS = 200;

export function sameAnswers(promise: SchedulerBackendPromise): void {
  promise(
    'answers as the store in memory does, whatever is done to both',
    { needs: ['claims', 'advance'] },
    async ({ backend, context, now, advance }) => {
      await advance(Math.max(0, INSTANT.getTime() - (await now()).getTime()));
      const start = (await now()).getTime();
      let passed = 0;
      const memory = new InMemorySchedulerBackend();
      await memory.open({ ...context, clock: { now: () => start + passed, after: systemClock.after } });

      const seed = Math.floor(Math.random() * 2 ** 31);
      const calls = new RandomCalls(seed);
      const story: string[] = [`seed ${seed}`];
      for (let i = 0; i < CALLS; i++) {
        if (i % 5 === 4) {
          await advance(1_000);
          passed += 1_000;
          story.push('a second later');
        }
        const call = calls.next();
        story.push(call.text);
        const [answer, expected] = await Promise.all([answerTo(call, backend), answerTo(call, memory)]);
        assert.deepEqual(answer, expected, tell(story, 'gives another answer'));
        const [state, wanted] = await Promise.all([stateOf(backend), stateOf(memory)]);
        assert.deepEqual(state, wanted, tell(story, 'leads to another state'));
        calls.saw(wanted.tasks, wanted.firings.flat());
      }
    },
  );
}

/** What a call leads to: a value, or the code of its error. */
async function answerTo(call: Call, backend: BaseSchedulerBackend): Promise<unknown> {
  try {
    return { value: await call.on(backend) };
  } catch (err) {
    return { code: (err as { code?: unknown }).code ?? String(err) };
  }
}

async function stateOf(backend: BaseSchedulerBackend) {
  const [tasks, due, dueTimes, unsubmitted, firings] = await Promise.all([
    backend.listAll(),
    backend.readDue({ limit: 100 }),
    backend.dueTimes(),
    backend.unsubmittedFirings({ olderThan: 0, limit: 1_000 }),
    Promise.all(IDS.map((id) => backend.listFirings(id))),
  ]);
  return { tasks, due, dueTimes, unsubmitted, firings };
}

function tell(story: readonly string[], what: string): string {
  return `The last of these ${what} than the store in memory:\n${story.join('\n')}`;
}
