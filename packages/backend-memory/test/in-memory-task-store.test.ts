import {
  BaseResultBackend,
  type ClaimedTask,
  type ClaimRequest,
  consoleLogger,
  finishedResult,
  type TaskOutcome,
  type TaskResult,
} from '@flowrra/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { InMemoryBackend } from '../src/in-memory-backend.js';
import { InMemoryBroker } from '../src/in-memory-broker.js';
import { CountingClock, fused } from './worlds.js';

const CALL = '[1,"reports.build",[{"deep":[1]}]]';
const REQUEST = { queue: 'default', lane: 'io', count: 10, worker: 'w', leaseMs: 60_000, alone: false } as const;
const message = (id: string, remembered = false) => ({
  id,
  queue: 'default',
  lane: 'io' as const,
  priority: 0,
  runAt: null,
  expiresAt: null,
  remembered,
  origin: null,
  payload: CALL,
});
const success: TaskOutcome = { status: 'success', resultJson: '{"list":[1]}', progressJson: null };

describe('The memory pair', () => {
  let clock: CountingClock;
  beforeEach(() => {
    clock = new CountingClock();
  });

  async function setup(options: { ttl?: number; dedupeWindow?: number } = {}) {
    const { ttl = null, ...policy } = options;
    const [broker, backend] = [new InMemoryBroker(policy), new InMemoryBackend({ ttl })];
    await Promise.all([broker.open({ clock, logger: consoleLogger }), backend.open({ clock, logger: consoleLogger })]);
    const store = await fused(broker, backend);
    const claimOne = async (changes: Partial<ClaimRequest> = {}): Promise<ClaimedTask> => {
      const [task] = (await store.claim({ ...REQUEST, ...changes })).claims;
      return task ?? expect.fail('A task should be handed out.');
    };
    const endNext = async (outcome: TaskOutcome = success) => store.finish(await claimOne(), outcome);
    return { backend, store, claimOne, endNext };
  }

  it('is one, unless one of the two is of another class', async () => {
    class OtherBroker extends InMemoryBroker {}
    class OtherBackend extends InMemoryBackend {}
    class Elsewhere extends BaseResultBackend {
      store = async () => true;
      get = async () => null;
      waitFor = () => Promise.reject(new Error('Nothing ends here.'));
    }
    expect(await new InMemoryBroker().fuse(new InMemoryBackend())).not.toBeNull();
    expect(await new OtherBroker().fuse(new InMemoryBackend())).toBeNull();
    expect(await new InMemoryBroker().fuse(new OtherBackend())).toBeNull();
    expect(await new InMemoryBroker().fuse(new Elsewhere())).toBeNull();
  });

  it('gives each reader a result of its own', async () => {
    const { store, endNext } = await setup();
    await store.submit([message('a')]);
    const waits = [store.waitFor('a'), store.waitFor('a')];
    const error = { name: 'Error', message: 'as it was' };
    await endNext({ status: 'failed', error, progressJson: '[1]' });
    error.message = 'changed';
    const results = [...(await Promise.all(waits)), await store.get('a'), ...(await store.listByStatus('failed'))];
    expect(results).toHaveLength(4);
    for (const result of results as TaskResult[]) {
      expect(result).toMatchObject({ args: [{ deep: [1] }], progress: [1], error: { message: 'as it was' } });
      const mine = result as unknown as { args: unknown[]; progress: unknown[]; error: object; submittedAt: Date };
      mine.args.push(1);
      mine.progress.push(1);
      Object.assign(mine.error, { message: 'mine' });
      mine.submittedAt.setTime(0);
    }
  });

  it('runs a task whose id was used before in the same millisecond, and keeps its result for all its time', async () => {
    const { store, endNext } = await setup({ ttl: 1_000, dedupeWindow: 0 });
    await store.submit([message('a', true)]);
    expect(await endNext()).toBe(true);
    expect(await store.submit([message('a', true)])).toMatchObject([{ known: false, recorded: true }]);
    expect((await store.get('a'))?.status).toBe('pending');
    await clock.advance(500);
    expect(await endNext()).toBe(true);
    await clock.advance(999);
    expect((await store.get('a'))?.status).toBe('success');
    await clock.advance(1);
    expect(await store.get('a')).toBeNull();
  });

  it('takes the end of another delivery, or of another task, for no repetition of its own', async () => {
    const { store, claimOne } = await setup();
    await store.submit([message('a')]);
    const late = await claimOne({ worker: 'late', leaseMs: 1_000 });
    await clock.advance(1_000);
    const first = await claimOne();
    expect(await store.finish(first, success)).toBe(true);
    expect(await store.finish(first, success)).toBe(true);
    expect(await store.finish(late, success)).toBe(false);
    await clock.advance(1);
    await store.submit([message('a')]);
    await claimOne({ leaseMs: 1_000 });
    await clock.advance(1_000);
    const again = await claimOne();
    expect(again.lease).toEqual(first.lease);
    expect(await store.finish(again, success)).toBe(true);
    expect(await store.finish(first, success)).toBe(false);
  });

  it('does not take the end that somebody else stored for its own, however alike', async () => {
    const { store, backend, claimOne } = await setup();
    await store.submit([message('a')]);
    const task = await claimOne();
    const other = stored(task, { submittedAt: task.submittedAt });
    expect(await backend.store('a', other)).toBe(true);
    for (let i = 0; i < 2; i++) expect(await store.finish(task, success)).toBe(false);
    expect(await store.get('a')).toEqual(other);
    expect(await store.holds(['a'])).toEqual([false]);
  });

  it('runs a task under whose id somebody else stored the end of one that was submitted later', async () => {
    const { store, backend, claimOne } = await setup();
    const [reply] = await store.submit([message('a')]);
    const other = stored({ lease: { fence: 1 } }, { submittedAt: (reply?.submittedAt ?? 0) + 1 });
    expect(await backend.store('a', other)).toBe(true);
    const task = await claimOne();
    expect(await store.finish(task, success)).toBe(false);
    expect(await store.get('a')).toEqual(other);
  });
});

function stored({ lease }: { lease: { fence: number } }, { submittedAt }: { submittedAt: number }): TaskResult {
  const delivery = { taskId: 'a', queue: 'default', attempt: 1, fence: lease.fence, submittedAt, startedAt: null };
  const end = { status: 'success', finishedAt: submittedAt, result: { list: [1] } } as const;
  return finishedResult(null, { ...delivery, worker: 'w', progress: null }, end);
}
