import { getBroker } from '@flowrra/core';
import { describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { openFleet as openFleetAt, PLACES, tasks } from '../../support/workers.js';

const SOON = { timeout: 15_000, interval: 50 };

describe.each(PLACES)('a worker process that dies, with messages and results at %s', (places) => {
  const openFleet = () => openFleetAt(inject('redisUrl'), places);

  it('loses nothing: another one runs its task again, once (BK-01)', async () => {
    const fleet = openFleet();
    const first = await fleet.worker();
    const handle = await fleet.producer.submit(tasks.work, [1_500]);
    await vi.waitFor(
      () => expect(fleet.ledger()).toContainEqual(expect.objectContaining({ event: 'started', pid: first.pid })),
      SOON,
    );
    const second = await fleet.worker();
    const killedAt = Date.now();
    first.kill('SIGKILL');
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({ status: 'success', result: `pid ${second.pid}`, attempt: 1, fence: 2 });
    const [, again, ...more] = fleet.ledger().filter(({ event }) => event === 'started');
    expect(more).toEqual([]);
    // A lease of a second, a second between two sweeps, and one for the rest.
    expect(Number(again?.at) - killedAt).toBeLessThan(3 * 3_000);
  });

  it('leaves a pending retry to another one, at its time (BK-17)', async () => {
    const fleet = openFleet();
    const first = await fleet.worker();
    const handle = await fleet.producer.submit(tasks.failOnce, []);
    await vi.waitFor(async () => expect(await fleet.producer.queueSize('default')).toMatchObject({ delayed: 1 }), SOON);
    first.kill('SIGKILL');
    // Its only slot is free during the delay.
    const second = await fleet.worker({ ioWorkers: 1 });
    expect(await fleet.producer.submit(tasks.work, [1]).then((other) => other.result())).toBe(`pid ${second.pid}`);
    expect(await handle.status()).toBe('retrying');
    expect(await handle.outcome()).toMatchObject({ status: 'success', result: `pid ${second.pid}`, attempt: 2 });
    const [failed, retried] = fleet.ledger().filter(({ event, id }) => event === 'started' && id === handle.id);
    expect(Number(retried?.at) - Number(failed?.at)).toBeGreaterThanOrEqual(2_990);
  });

  // How it dies is the same to every store.
  it.each(places === 'one place' ? (['kill', 'exit', 'memory'] as const) : (['kill'] as const))(
    'because of a task that always kills it (%s), gives that task up after three, and its neighbours finish (BK-14)',
    async (how) => {
      const fleet = openFleet();
      const execArgv = how === 'memory' ? ['--max-old-space-size=40'] : [];
      let alive = true;
      const keepOneAlive = async (): Promise<void> => {
        while (alive) await (await fleet.worker({ ioWorkers: 3, execArgv })).exited();
      };
      const poison = await fleet.producer.submit(tasks.die, [how]);
      const neighbours = await Promise.all(Array.from({ length: 4 }, () => fleet.producer.submit(tasks.work, [300])));
      const supervised = keepOneAlive();
      const outcomes = await Promise.all([poison, ...neighbours].map((handle) => handle.outcome()));
      alive = false;
      expect(outcomes[0]).toMatchObject({ status: 'failed', error: { code: 'WORKER_LOST' } });
      expect(outcomes.slice(1).map(({ status }) => status)).toEqual(['success', 'success', 'success', 'success']);
      const runs = fleet.ledger().filter(({ event, id }) => event === 'started' && id === poison.id);
      expect(runs.map(({ fence }) => fence)).toEqual([1, 2, 3]);
      // With results elsewhere, the message ends a moment after the task.
      const size = { waiting: 0, running: 0, dead: 1 };
      await vi.waitFor(async () => expect(await fleet.producer.queueSize('default')).toMatchObject(size), SOON);
      const broker = await getBroker(inject('redisUrl'), { keyPrefix: fleet.config.keyPrefix });
      onTestFinished(() => broker.close());
      expect(await broker.deadLetters('default')).toMatchObject([{ id: poison.id, reason: 'worker lost' }]);
      void supervised;
    },
    60_000,
  );
});

describe.each(PLACES)(
  'a worker process that stands still for three leases, with messages and results at %s',
  (places) => {
    const openFleet = () => openFleetAt(inject('redisUrl'), places);

    it('is overtaken: its handlers are told, and what they still bring is refused and logged once (BK-02, RB-05)', async () => {
      const fleet = openFleet();
      const frozen = await fleet.worker();
      const handles = [await fleet.producer.submit(tasks.work, [1_000]), await fleet.producer.submit(tasks.linger, [])];
      const ofFrozen = (id: string | undefined) =>
        fleet.ledger().filter((entry) => entry.pid === frozen.pid && (entry.id ?? entry.taskId) === id);
      await vi.waitFor(() => {
        for (const { id } of handles) expect(ofFrozen(id)).toMatchObject([{ event: 'started', fence: 1 }]);
      }, SOON);
      frozen.kill('SIGSTOP');
      const other = await fleet.worker();
      const outcomes = await Promise.all(handles.map((handle) => handle.outcome()));
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ status: 'success', result: `pid ${other.pid}`, fence: 2 });
      frozen.kill('SIGCONT');
      // It ends in order, so everything that it had to say is in the ledger.
      await vi.waitFor(
        () => expect(ofFrozen(handles[1]?.id)).toContainEqual(expect.objectContaining({ reason: 'LEASE_LOST' })),
        SOON,
      );
      await vi.waitFor(
        () => expect(ofFrozen(handles[0]?.id)).toContainEqual(expect.objectContaining({ event: 'ended' })),
        SOON,
      );
      frozen.kill('SIGTERM');
      await frozen.exited();
      for (const [i, { id }] of handles.entries()) {
        const refusals = ofFrozen(id).filter(({ message }) => /lease lost|result was refused/.test(message ?? ''));
        expect(refusals).toHaveLength(1);
        expect(ofFrozen(id).filter(({ event }) => event === 'finished')).toEqual([]);
        expect(await handles[i]?.get()).toEqual(outcomes[i]);
      }
    });

    it('because a handler blocks it, is redelivered once and says that the lease was lost (BK-03)', async () => {
      const fleet = openFleet();
      await fleet.worker({ lease: '600ms' });
      await fleet.worker({ lease: '600ms' });
      const handle = await fleet.producer.submit(tasks.block, [3_000]);
      const outcome = await handle.outcome();
      expect(outcome).toMatchObject({ status: 'success', fence: 2 });
      const refusal = { taskId: handle.id, fence: 1, message: expect.stringMatching(/lease (was )?lost/) };
      await vi.waitFor(() => expect(fleet.ledger()).toContainEqual(expect.objectContaining(refusal)), SOON);
      expect(fleet.ledger().filter(({ event }) => event === 'started')).toHaveLength(2);
      expect(await handle.get()).toEqual(outcome);
    });
  },
);
