import { describe, expect, it, vi } from 'vitest';
import { openFleet, tasks } from '../../support/workers.js';

const SOON = { timeout: 15_000, interval: 50 };

describe('a worker process that dies', () => {
  it('loses nothing: another one runs its task again, once (BK-01)', async () => {
    const fleet = openFleet();
    const first = await fleet.worker();
    const handle = await fleet.producer.submit(tasks.work, [1_500]);
    await vi.waitFor(
      () => expect(fleet.ledger()).toContainEqual(expect.objectContaining({ event: 'started', pid: first.pid })),
      SOON,
    );
    first.kill('SIGKILL');
    const second = await fleet.worker();
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({ status: 'success', result: `pid ${second.pid}`, attempt: 1, fence: 2 });
    expect(fleet.ledger().filter(({ event }) => event === 'started')).toHaveLength(2);
  });

  it('leaves a pending retry to another one, at its time (BK-17)', async () => {
    const fleet = openFleet();
    const first = await fleet.worker();
    const handle = await fleet.producer.submit(tasks.failOnce, []);
    await vi.waitFor(async () => expect(await handle.status()).toBe('retrying'), SOON);
    first.kill('SIGKILL');
    const second = await fleet.worker();
    expect(await handle.outcome()).toMatchObject({ status: 'success', result: `pid ${second.pid}`, attempt: 2 });
    const [failed, retried] = fleet.ledger().filter(({ event }) => event === 'started');
    expect(Number(retried?.at) - Number(failed?.at)).toBeGreaterThanOrEqual(2_990);
  });

  it.each(['kill', 'exit', 'memory'] as const)(
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
      expect(await fleet.producer.queueSize('default')).toMatchObject({ waiting: 0, running: 0, dead: 1 });
      void supervised;
    },
    60_000,
  );
});

describe('a worker process that stands still for three leases', () => {
  it('is overtaken: its late result is refused, and its handler is told (BK-02)', async () => {
    const fleet = openFleet();
    const frozen = await fleet.worker();
    const handle = await fleet.producer.submit(tasks.work, [1_000]);
    await vi.waitFor(
      () => expect(fleet.ledger()).toContainEqual(expect.objectContaining({ event: 'started', pid: frozen.pid })),
      SOON,
    );
    frozen.kill('SIGSTOP');
    const other = await fleet.worker();
    const outcome = await handle.outcome();
    expect(outcome).toMatchObject({ status: 'success', result: `pid ${other.pid}`, fence: 2 });
    frozen.kill('SIGCONT');
    const refusal = { pid: frozen.pid, message: expect.stringMatching(/lease lost|result was refused/) };
    await vi.waitFor(() => expect(fleet.ledger()).toContainEqual(expect.objectContaining(refusal)), SOON);
    expect(await handle.get()).toEqual(outcome);
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
});
