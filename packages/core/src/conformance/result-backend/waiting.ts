import assert from 'node:assert/strict';
import type { TaskResult } from '../../tasks/task-result.js';
import { breathe, rejection, soon, watch } from '../expectations.js';
import { finished, unfinished } from '../sample-results.js';
import type { ResultBackendFixture, ResultBackendPromise } from './describe-result-backend.js';

const FOR_EVER = { timeout: null };

export function waiting(promise: ResultBackendPromise): void {
  promise('returns at once what has ended already, even with no time to wait', async ({ backend }) => {
    for (const status of ['success', 'failed', 'cancelled'] as const) {
      const result = finished(`task-${status}`, status);
      await backend.store(result.taskId, result);
      assert.deepEqual(await backend.waitFor(result.taskId, { timeout: 0 }), result);
    }
  });

  promise('waits for the end of a task, through every status before it', async (fixture) => {
    const { backend } = fixture;
    await backend.store('task', unfinished('task', 'pending'));
    const waiting = backend.waitFor('task', FOR_EVER);
    const state = watch(waiting);
    for (const status of ['running', 'retrying'] as const) await backend.store('task', unfinished('task', status));
    await breathe(() => backend.get('task'));
    assert.equal(state.settled, false);
    await backend.store('task', finished('task', 'failed', { fence: 2 }));
    assert.deepEqual(await outcome(fixture, waiting), finished('task', 'failed', { fence: 2 }));
  });

  promise('does not wait for what the caller has seen, when it is not there any more', async (fixture) => {
    const gone = rejection(fixture.backend.waitFor('gone', { ...FOR_EVER, seen: true }), 'RESULT_NOT_FOUND');
    assert.equal((await outcome(fixture, gone)).taskId, 'gone');
    await fixture.backend.store('task', unfinished('task', 'pending'));
    const waiting = fixture.backend.waitFor('task', { ...FOR_EVER, seen: true });
    await breathe(() => fixture.backend.get('task'));
    await fixture.backend.store('task', finished('task'));
    assert.deepEqual(await outcome(fixture, waiting), finished('task'));
  });

  promise('waits for an id that nobody has seen yet', async (fixture) => {
    const waiting = fixture.backend.waitFor('later', FOR_EVER);
    await breathe(() => fixture.backend.get('later'));
    await fixture.backend.store('later', finished('later'));
    assert.deepEqual(await outcome(fixture, waiting), finished('later'));
  });

  promise('misses no completion, however waiting and finishing meet', async (fixture) => {
    const { backend } = fixture;
    const waits: Promise<TaskResult>[] = [];
    const stores: Promise<boolean>[] = [];
    for (let i = 0; i < 60; i++) {
      const id = `race-${i}`;
      const finishFirst = i % 2 === 1;
      if (finishFirst) stores.push(backend.store(id, finished(id)));
      else waits.push(backend.waitFor(id, FOR_EVER));
      // The other one comes in a later turn of the event loop each time.
      for (let turn = 0; turn < i / 4; turn++) await Promise.resolve();
      if (finishFirst) waits.push(backend.waitFor(id, FOR_EVER));
      else stores.push(backend.store(id, finished(id)));
    }
    await Promise.all(stores);
    const results = await outcome(fixture, Promise.all(waits));
    assert.deepEqual(
      results,
      waits.map((_, i) => finished(`race-${i}`)),
    );
  });

  promise('gives every waiter of a task a result of its own', async (fixture) => {
    const waits = Array.from({ length: 10 }, () => fixture.backend.waitFor('task', FOR_EVER));
    await fixture.backend.store('task', finished('task', 'success', { value: { list: [1] } }));
    const [first, ...others] = await outcome(fixture, Promise.all(waits));
    (first as { result: { list: number[] } }).result.list.push(2);
    for (const other of others) assert.deepEqual(other, finished('task', 'success', { value: { list: [1] } }));
  });

  promise('serves 500 waits at once without a warning (RB-02)', async (fixture) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    try {
      const ids = Array.from({ length: 500 }, (_, i) => `many-${i}`);
      const waits = ids.map((id) => fixture.backend.waitFor(id, FOR_EVER));
      await breathe(() => fixture.backend.get('many-0'));
      await Promise.all(ids.map((id) => fixture.backend.store(id, finished(id))));
      const results = await outcome(fixture, Promise.all(waits));
      assert.deepEqual(
        results.map((result) => result.taskId),
        ids,
      );
    } finally {
      process.off('warning', onWarning);
    }
    assert.deepEqual(
      warnings.filter((warning) => warning.name === 'MaxListenersExceededWarning'),
      [],
    );
  });

  promise('hears of a task that another process ends', { needs: ['second'] }, async (fixture) => {
    const other = await fixture.second();
    const waiting = other.waitFor('shared', FOR_EVER);
    await breathe(() => other.get('shared'));
    await fixture.backend.store('shared', finished('shared'));
    assert.deepEqual(await outcome(fixture, waiting), finished('shared'));
  });

  promise('gives up after the timeout, and the task goes on (RB-03)', async (fixture) => {
    const { backend } = fixture;
    await backend.store('slow', unfinished('slow', 'running'));
    for (const timeout of [50, '50ms'] as const) {
      const failure = rejection(backend.waitFor('slow', { timeout }), 'WAIT_TIMEOUT');
      await fixture.passTime(60);
      const error = await failure;
      assert.deepEqual([error.taskId, error.timeout], ['slow', 50]);
    }
    assert.equal(await backend.store('slow', finished('slow')), true);
    assert.deepEqual(await backend.waitFor('slow'), finished('slow'));
  });

  promise('waits ten seconds when nothing else is said', { needs: ['advance'] }, async ({ backend, advance }) => {
    const failure = rejection(backend.waitFor('nobody'), 'WAIT_TIMEOUT');
    const state = watch(failure);
    await breathe(() => backend.get('nobody'));
    await advance(9_999);
    await breathe(() => backend.get('nobody'));
    assert.equal(state.settled, false);
    await advance(1);
    assert.deepEqual((await failure).timeout, 10_000);
  });

  promise('gives up when the signal aborts, alone among its neighbours', async (fixture) => {
    const { backend } = fixture;
    const reason = new Error('the caller went away');
    const aborting = new AbortController();
    const given = rejection(backend.waitFor('task', { timeout: null, signal: aborting.signal }), 'WAIT_ABORTED');
    const other = backend.waitFor('task', { timeout: null, signal: new AbortController().signal });
    await breathe(() => backend.get('task'));
    aborting.abort(reason);
    assert.equal((await given).cause, reason);
    await rejection(backend.waitFor('task', { timeout: null, signal: aborting.signal }), 'WAIT_ABORTED');
    await backend.store('task', finished('task'));
    assert.deepEqual(await outcome(fixture, other), finished('task'));
  });

  promise('refuses a timeout that is no duration', async ({ backend }) => {
    for (const timeout of [-1, Number.NaN, '5 parsecs']) {
      // What a JavaScript caller may pass.
      const error = await rejection(backend.waitFor('task', { timeout: timeout as number }), 'INVALID_ARGUMENT');
      assert.equal(error.argument, 'timeout');
    }
  });

  promise('leaves nothing behind, however a wait ends (RB-03)', { needs: ['leftovers'] }, async (fixture) => {
    const { backend, leftovers } = fixture;
    const aborting = new AbortController();
    const signal = aborting.signal;
    const ended = backend.waitFor('ended', { timeout: 60_000, signal: new AbortController().signal });
    const aborted = rejection(backend.waitFor('aborted', { timeout: 60_000, signal }), 'WAIT_ABORTED');
    const late = rejection(backend.waitFor('late', { timeout: 50 }), 'WAIT_TIMEOUT');
    await fixture.passTime(60);
    await late;
    aborting.abort();
    await aborted;
    await backend.store('ended', finished('ended'));
    await outcome(fixture, ended);
    let left: readonly string[] = ['not asked'];
    for (let i = 0; i < 100 && left.length > 0; i++) await breathe(async () => (left = await leftovers()));
    assert.deepEqual(left, []);
  });
}

/** What a wait comes to; a backend that polls gets its time to do so. */
async function outcome<T>({ passTime }: ResultBackendFixture, waiting: Promise<T>): Promise<T> {
  const state = watch(waiting);
  await breathe(async () => state.settled || (await passTime(1_000)));
  return soon(waiting, 'the end of the wait');
}
