import assert from 'node:assert/strict';
import { type BaseSchedulerBackend, type ScheduledTask, systemClock } from '@flowrra/core';
import type { SchedulerBackendFixture, SchedulerBackendPromise } from './describe-scheduler-backend.js';
import { claimSlots, decision, INSTANT, schedule, stored } from './sample-schedules.js';

const NEEDS = { needs: ['claims'] } as const;
const SHARED = { needs: ['claims', 'another'] } as const;
/** Milliseconds within which whoever is told of changes has heard of one. */
const PROMPT = 1_000;

/** Every way to change a schedule; the backend holds the schedules `job` and `other`. */
const CHANGES: Record<string, (backend: BaseSchedulerBackend, job: ScheduledTask) => Promise<unknown>> = {
  create: (backend) => backend.create(schedule('new')),
  update: (backend, job) => backend.update(job),
  updateRunTimes: (backend) => backend.updateRunTimes('job', INSTANT, null),
  applyChanges: (backend) => backend.applyChanges([{ before: null, after: schedule('applied') }]),
  delete: (backend) => backend.delete('job'),
  clear: (backend) => backend.clear(),
};

export function hearing(promise: SchedulerBackendPromise): void {
  promise('hears of every change that it makes itself', NEEDS, async ({ backend, hears }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: INSTANT }), schedule('other'));
    assert.ok(job);
    for (const [what, change] of Object.entries(CHANGES)) {
      const waiting = backend.waitForChange({ signal: new AbortController().signal });
      await change(backend, job);
      await hears(waiting, `An own ${what}`);
    }
  });

  promise('hears of everything that another process changes (SC-10)', SHARED, async ({ backend, another, hears }) => {
    const other = await another();
    const [job] = await stored(backend, schedule('job', { nextRun: INSTANT }), schedule('other'));
    assert.ok(job);
    await hearsTwice(other, hears, 'A schedule of another process', (i) => backend.create(schedule(`new-${i}`)));
    // One that looks every few seconds sees all changes alike, and would take long to show it.
    const started = systemClock.now();
    for (const [what, change] of Object.entries(CHANGES)) {
      const waiting = other.waitForChange({ signal: new AbortController().signal });
      await change(backend, job);
      await hears(waiting, `Another process's ${what}`);
      if (systemClock.now() - started > PROMPT) return;
    }
  });

  promise('hears of a change that comes right after the call', SHARED, async ({ backend, another, hears }) => {
    const other = await another();
    const waits = [1, 2, 3].map(() => other.waitForChange({ signal: new AbortController().signal }));
    await backend.create(schedule('job'));
    await hears(
      Promise.all(waits).then(() => {}),
      'A change right after the call',
    );
  });

  promise('hears of a slot that another process claims (SC-02)', SHARED, async ({ backend, another, hears }) => {
    const other = await another();
    const jobs = await stored(backend, ...[0, 1].map((i) => schedule(`job-${i}`, { nextRun: INSTANT })));
    await hearsTwice(other, hears, 'A claim of another process', (i) =>
      backend.claimDue(
        jobs.slice(i, i + 1).map((job) => decision(job)),
        { node: 'node-1' },
      ),
    );
  });

  promise('ends a wait when its signal aborts, and no other one', NEEDS, async ({ backend, hears }) => {
    // Once may be by chance: where listening has just begun, what happened before was not heard.
    const woken = [await wokenByAbort(), await wokenByAbort(), await wokenByAbort()];
    assert.notDeepEqual(woken, [true, true, true]);

    /** Whether another wait ended as well. */
    async function wokenByAbort(): Promise<boolean> {
      const [aborted, left] = [new AbortController(), new AbortController()];
      const waiting = backend.waitForChange({ signal: aborted.signal });
      const other = watch(backend.waitForChange({ signal: left.signal }));
      await backend.dueTimes();
      aborted.abort(new Error('The node stops.'));
      await waiting;
      await backend.waitForChange({ signal: aborted.signal });
      const woken = other.ended;
      left.abort();
      await hears(other.waiting, 'The other signal');
      return woken;
    }
  });

  promise('is not woken by reading, nor by marks', NEEDS, async ({ backend }) => {
    const [job] = await stored(backend, schedule('job', { nextRun: INSTANT }));
    assert.ok(job);
    const firings = await claimSlots(backend, job, INSTANT);
    // Once may be by chance: where listening has just begun, what happened before was not heard.
    const woken = [await wokenByReading(), await wokenByReading(), await wokenByReading()];
    assert.notDeepEqual(woken, [true, true, true]);

    async function wokenByReading(): Promise<boolean> {
      const leaving = new AbortController();
      const wait = watch(backend.waitForChange({ signal: leaving.signal }));
      await Promise.all([backend.listAll(), backend.listDue(), backend.dueTimes(), backend.readDue({ limit: 1 })]);
      await Promise.all([backend.unsubmittedFirings({ olderThan: 0, limit: 1 }), backend.listFirings('job')]);
      await backend.markFirings(firings, { state: 'submitted' });
      await backend.delete('nobody');
      const woken = wait.ended;
      leaving.abort();
      await wait.waiting;
      return woken;
    }
  });

  promise('serves 200 waits with one signal without a warning', NEEDS, async ({ backend, hears }) => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.name);
    process.on('warning', onWarning);
    try {
      const { signal } = new AbortController();
      const waits = Array.from({ length: 200 }, () => backend.waitForChange({ signal }));
      await backend.create(schedule('job'));
      await hears(
        Promise.all(waits).then(() => {}),
        'A change for 200 waits',
      );
    } finally {
      process.off('warning', onWarning);
    }
    assert.ok(!warnings.includes('MaxListenersExceededWarning'), warnings.join());
  });
}

/** Twice, because the first wait may end by chance: where listening has just begun, what happened before was not heard. */
async function hearsTwice(
  other: BaseSchedulerBackend,
  hears: SchedulerBackendFixture['hears'],
  what: string,
  change: (i: number) => Promise<unknown>,
): Promise<void> {
  for (const i of [0, 1]) {
    const waiting = other.waitForChange({ signal: new AbortController().signal });
    await other.dueTimes();
    await change(i);
    await hears(waiting, what);
  }
}

/** Follows a wait without waiting for it. */
function watch(waiting: Promise<void>): { readonly waiting: Promise<void>; readonly ended: boolean } {
  const state = { waiting, ended: false };
  void waiting.then(() => {
    state.ended = true;
  });
  return state;
}
