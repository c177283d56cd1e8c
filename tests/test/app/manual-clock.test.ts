import { defineTask, taskContext } from '@flowrra/core';
import { createTestApp, ManualClock } from '@flowrra/core/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

const HOUR = 3_600_000;

function setup() {
  const { app, clock } = createTestApp();
  onTestFinished(() => app.stop({ grace: 0 }));
  return { app, clock };
}

describe('a test app', () => {
  it.each([
    ['a clock, because it brings its own', { clock: new ManualClock() }, 'clock'],
    ['null instead of options', null, 'options'],
    ['an option that does not exist', { ulr: 'x' }, 'ulr'],
  ])('refuses %s', (_what, config, option) => {
    expect(() => createTestApp(config as never)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', option }));
  });

  it('runs a task that is delayed for hours as soon as its clock says so, not earlier', async () => {
    const { app, clock } = setup();
    const remind = app.task('remind', (who: string) => `hello ${who}`);
    await app.start();
    const handle = await remind.submit(['Ada'], { delay: '2h' });
    await clock.advance(2 * HOUR - 1);
    expect(await handle.status()).toBe('pending');
    await clock.advance(1);
    expect(await handle.result()).toBe('hello Ada');
  });

  it('lets hours pass without a look at idle queues each second', async () => {
    const { app, clock } = setup();
    app.task('idle', () => 1);
    await app.start();
    const timers = vi.spyOn(clock, 'after');
    await clock.advance(24 * HOUR);
    expect(timers.mock.calls.length).toBeLessThan(100);
  });

  it('goes through retries with backoff', async () => {
    const { app, clock } = setup();
    const attempts: number[] = [];
    const flaky = app.task('flaky', { retries: { max: 2, delay: '10m', jitter: false } }, () => {
      attempts.push(clock.now());
      if (taskContext().attempt < 3) throw new Error('again');
    });
    await app.start();
    const handle = await flaky.submit([]);
    await clock.advance(HOUR);
    await handle.result();
    expect(attempts.map((at) => at - Number(attempts[0]))).toEqual([0, HOUR / 6, HOUR / 2]);
  });

  it('times a task out', async () => {
    const { app, clock } = setup();
    const stuck = app.task('stuck', { timeout: '1h', retries: 0 }, () => new Promise(() => {}));
    await app.start();
    const handle = await stuck.submit([]);
    await clock.advance(HOUR - 1);
    expect(await handle.status()).toBe('running');
    await clock.advance(1);
    await expect(handle.result()).rejects.toMatchObject({ code: 'TASK_TIMEOUT' });
  });

  it('fails a task that nobody knows after an hour of passing it on, and keeps it as a dead letter (BK-16)', async () => {
    const { app, clock } = setup();
    app.task('known', () => 1);
    await app.start();
    const handle = await app.submit(defineTask('gone'), []);
    await clock.advance(HOUR - 60_000);
    expect(await handle.status()).not.toBe('failed');
    await clock.advance(3 * 60_000);
    expect(await handle.outcome()).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'TASK_NOT_FOUND' } });
    expect(await app.queueSize('default')).toMatchObject({ waiting: 0, delayed: 0, dead: 1 });
  });

  it('is a process of its own, though host and pid are those of others (BK-21)', async () => {
    const workers = await Promise.all(
      [setup(), setup()].map(async ({ app }) => {
        const add = app.task('add', (n: number) => n + 1);
        await app.start();
        return (await (await add.submit([1])).outcome()).worker;
      }),
    );
    expect(workers[0]).not.toBe(workers[1]);
  });
});
