import type { TaskHandle } from '@flowrra/core';
import { expect, it, vi } from 'vitest';
import { replicatedRedis } from '../../support/redis-servers.js';
import { openFleet, tasks } from '../../support/workers.js';

const SOON = { timeout: 20_000, interval: 20 };

type Fleet = ReturnType<typeof openFleet>;

/** Submits until it is acknowledged, under an id of its own. */
function submitUntilTaken(fleet: Fleet, id: string): Promise<TaskHandle<string>> {
  return vi.waitFor(() => fleet.producer.submit(tasks.work, [5], { id }), SOON);
}

/** The error's code, or the status of the result. */
function endOf(handle: TaskHandle<string>): Promise<string> {
  return handle.outcome().then(
    ({ status }) => status,
    (err: { code: string }) => err.code,
  );
}

it('a replica that takes the place of a dead primary goes on with what it has; what it never got is told to workers and waiters, and nobody restarts', async () => {
  const redis = await replicatedRedis();
  const fleet = openFleet(redis.url);
  const startsOf = ({ id }: { id: string }) =>
    fleet.ledger().filter((entry) => entry.event === 'started' && entry.id === id);
  const ids = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}-${i}`);
  const submitAll = (names: readonly string[]) => Promise.all(names.map((id) => submitUntilTaken(fleet, id)));

  // Replicated: a task that runs on the only slot, and others that wait behind it.
  const first = await fleet.worker({ ioWorkers: 1, lease: '15s' });
  const gate = fleet.gate();
  const running = await fleet.producer.submit(tasks.gated, [gate.file]);
  await vi.waitFor(() => expect(startsOf(running)).toHaveLength(1), SOON);
  const waiting = await submitAll(ids('waiting', 300));
  const endsUnseen = await fleet.producer.submit(tasks.work, [1], { priority: -1 });
  await redis.replicated();
  await redis.stopReplication();

  // Not replicated: what a second worker does, and tasks that only the old primary knows.
  const second = await fleet.worker({ ioWorkers: 4, lease: '3s' });
  const before = await endsUnseen.outcome();
  const vanishing = await fleet.producer.submit(tasks.gated, [fleet.gate().file], { priority: -1 });
  const unreplicated = await submitAll(ids('unreplicated', 50));
  const waits = [vanishing, ...unreplicated].map(endOf);
  await vi.waitFor(() => expect(startsOf(vanishing)).toHaveLength(1), SOON);
  await redis.failOver();
  gate.open();
  const submittedSince = await submitAll(ids('since', 50));

  const survivors = [running, ...waiting, ...submittedSince];
  const outcomes = await Promise.all(survivors.map((handle) => handle.outcome()));
  expect(outcomes.filter(({ status }) => status !== 'success')).toEqual([]);
  // The new primary knew the lease, so nobody ran it again.
  expect(outcomes[0]).toMatchObject({ result: `pid ${first.pid}`, fence: 1 });
  expect(startsOf(running)).toHaveLength(1);
  // Nobody waits on: a wait saw the end before the primary died, or hears that the task is gone.
  const [vanished, ...ends] = await Promise.all(waits);
  expect(vanished).toBe('RESULT_NOT_FOUND');
  expect(ends.filter((end) => end !== 'success' && end !== 'RESULT_NOT_FOUND')).toEqual([]);
  const told = { event: 'aborted', id: vanishing.id, pid: second.pid, reason: 'LEASE_LOST' };
  await vi.waitFor(() => expect(fleet.ledger()).toContainEqual(expect.objectContaining(told)), SOON);
  expect(await endOf(vanishing)).toBe('RESULT_NOT_FOUND');
  // Submitting them again under their ids is what brings them back, or finds them done.
  const again = await submitAll(unreplicated.map(({ id }) => id));
  expect(await Promise.all(again.map(endOf))).toEqual(again.map(() => 'success'));
  // An end that was not replicated is forgotten: the task runs again.
  expect(before).toMatchObject({ status: 'success', fence: 1 });
  expect(await endOf(endsUnseen)).toBe('success');
  expect(startsOf(endsUnseen)).toHaveLength(2);

  // What was seen since the promotion stays, and nothing is left over.
  expect(await fleet.producer.queueSize('default')).toEqual({ waiting: 0, delayed: 0, running: 0, dead: 0 });
  for (const worker of [first, second]) worker.kill('SIGTERM');
  for (const worker of [first, second]) expect(await worker.exited()).toEqual({ code: 0, signal: null });
  expect(await Promise.all(survivors.map((handle) => handle.get()))).toEqual(outcomes);
});
