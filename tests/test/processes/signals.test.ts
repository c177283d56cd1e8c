import { describe, expect, it, vi } from 'vitest';
import { openFleet, tasks } from '../../support/workers.js';

const SOON = { timeout: 15_000, interval: 20 };

/** A worker that runs `count` tasks of `ms` each. */
async function busyWorker(
  count: number,
  ms: number,
  options: Parameters<ReturnType<typeof openFleet>['worker']>[0] = {},
) {
  const fleet = openFleet();
  const worker = await fleet.worker({ ioWorkers: count, ...options });
  const handles = await Promise.all(Array.from({ length: count }, () => fleet.producer.submit(tasks.work, [ms])));
  await vi.waitFor(() => expect(fleet.ledger().filter(({ event }) => event === 'started')).toHaveLength(count), SOON);
  return { fleet, worker, handles };
}

describe('a worker process that is told to stop', () => {
  it('finishes what it runs, takes nothing more, and exits with 0 (SH-01)', async () => {
    const { fleet, worker, handles } = await busyWorker(8, 500);
    worker.kill('SIGTERM');
    await vi.waitFor(
      () =>
        expect(fleet.ledger()).toContainEqual(
          expect.objectContaining({ message: expect.stringContaining('stopping') }),
        ),
      SOON,
    );
    const late = await fleet.producer.submit(tasks.work, [1]);
    expect(await worker.exited()).toEqual({ code: 0, signal: null });
    expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual(Array(8).fill(`pid ${worker.pid}`));
    expect(await late.status()).toBe('pending');
    expect(fleet.ledger().filter(({ event }) => event === 'ended')).toHaveLength(8);
  });

  it('hands back what exceeds the grace, and another worker runs it (SH-02)', async () => {
    const { fleet, worker, handles } = await busyWorker(1, 3_000, { grace: '200ms', lease: '30s' });
    worker.kill('SIGTERM');
    expect(await worker.exited()).toEqual({ code: 0, signal: null });
    const other = await fleet.worker({ lease: '30s' });
    expect(await handles[0]?.outcome()).toMatchObject({
      status: 'success',
      result: `pid ${other.pid}`,
      attempt: 1,
      fence: 2,
    });
    expect(fleet.ledger()).toContainEqual(expect.objectContaining({ event: 'aborted', reason: 'WORKER_STOPPING' }));
  });

  it('exits at once at the second signal; its tasks come back by lease (SH-05)', async () => {
    const { fleet, worker, handles } = await busyWorker(1, 60_000);
    worker.kill('SIGINT');
    await vi.waitFor(
      () =>
        expect(fleet.ledger()).toContainEqual(
          expect.objectContaining({ message: expect.stringContaining('stopping') }),
        ),
      SOON,
    );
    worker.kill('SIGTERM');
    expect(await worker.exited()).toEqual({ code: 1, signal: null });
    const [handle] = handles;
    await fleet.worker();
    await vi.waitFor(async () => expect(await handle?.get()).toMatchObject({ status: 'running', fence: 2 }), SOON);
  });
});

describe('a floating promise that a handler leaves behind', () => {
  it('ends the worker in order, with exit code 1, and loses no task when it rejects (EX-05)', async () => {
    const fleet = openFleet();
    const worker = await fleet.worker();
    const neighbour = await fleet.producer.submit(tasks.work, [800]);
    await vi.waitFor(() => expect(fleet.ledger()).toContainEqual(expect.objectContaining({ event: 'started' })), SOON);
    const handle = await fleet.producer.submit(tasks.float, []);
    expect(await worker.exited()).toEqual({ code: 1, signal: null });
    expect(await handle.outcome()).toMatchObject({ status: 'success', result: 'fine', fence: 1 });
    expect(await neighbour.outcome()).toMatchObject({ status: 'success', fence: 1 });
  });
});
