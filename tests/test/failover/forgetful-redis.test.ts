import type { Firing } from '@flowrra/core';
import { startRedis } from '@flowrra/testing-servers';
import { expect, it, vi } from 'vitest';
import { openSchedulers, tick } from '../../support/schedulers.js';

const SOON = { timeout: 20_000, interval: 50 };

it('a Redis that lost everything takes enqueued slots with it: the ledger says that they were enqueued, they are not enqueued again, and later slots are', async (context) => {
  const redis = await startRedis();
  context.onTestFinished(() => redis.stop());
  const nodes = await openSchedulers('sqlite', context, { redisUrl: redis.url });
  const { id } = await nodes.scheduler.scheduleInterval('1s', tick, { id: 'ticking', overlap: 'skip' });
  await nodes.node('a', { executes: false });
  const submitted = async () => (await nodes.scheduler.history(id)).filter(({ state }) => state === 'submitted');
  // The task of the first slot waits for a worker, so the next ones are skipped.
  await vi.waitFor(async () => expect((await nodes.scheduler.history(id)).length).toBeGreaterThan(1), SOON);
  const enqueued = await submitted();
  expect(enqueued).toHaveLength(1);
  const lost = enqueued[0] as Firing;

  await redis.kill('SIGKILL');
  await redis.restart();
  // A task that Redis does not hold any more holds up no slot.
  await vi.waitFor(async () => expect(await submitted()).toHaveLength(2), SOON);
  expect(await nodes.scheduler.explain(id, lost.slot)).toMatchObject({ outcome: 'submitted', firing: { id: lost.id } });
  expect(await nodes.app.handle(tick, lost.id).get()).toBeNull();

  await nodes.node('worker', { schedules: false });
  const next = (await submitted()).find((firing) => firing.id !== lost.id);
  await vi.waitFor(() => expect(ranIn(nodes.ledger())).toContain(next?.id), SOON);
  expect(ranIn(nodes.ledger())).not.toContain(lost.id);
});

function ranIn(ledger: readonly { event: string; id?: string }[]): (string | undefined)[] {
  return ledger.filter(({ event }) => event === 'ran').map(({ id }) => id);
}
