import { Flowrra, StoreUnavailableError } from '@flowrra/core';
import { createTestApp } from '@flowrra/core/testing';
import { describe, expect, it, vi } from 'vitest';
import { InMemorySchedulerBackend } from '../../src/in-memory/in-memory-scheduler-backend.js';
import { defineSchedule } from '../../src/registration/schedule-definition.js';
import { Scheduler } from '../../src/scheduler.js';
import { ElevenMethodsBackend } from '../conformance/eleven-methods-backend.js';
import { after, HOUR, MINUTE, START, setup } from './setup.js';

/** Counts how often it is opened and closed. */
class CountedBackend extends InMemorySchedulerBackend {
  opened = 0;
  closed = 0;
  override open(...context: Parameters<InMemorySchedulerBackend['open']>) {
    this.opened++;
    return super.open(...context);
  }
  override close() {
    this.closed++;
    return super.close();
  }
}

describe('a scheduler', () => {
  it('attaches itself to its app, and starts and stops with it', async () => {
    const { app, clock, scheduler } = setup();
    expect(app.scheduler).toBe(scheduler);
    const ran: string[] = [];
    const note = app.task('note', (what: string) => void ran.push(what));
    await scheduler.scheduleInterval('1m', note, { id: 'a', args: ['tick'] });
    expect(scheduler.health()).toMatchObject({ firing: false, lastRound: null });
    await clock.advance(MINUTE);
    expect(ran).toEqual([]);
    await app.start();
    await clock.advance(3 * MINUTE);
    await vi.waitFor(() => expect(ran).toHaveLength(4));
    expect(scheduler.health()).toMatchObject({ firing: true, error: null });
    expect((await scheduler.history('a')).map(({ slot, state }) => [slot, state])).toEqual(
      [4, 3, 2, 1].map((minute) => [after(minute * MINUTE), 'submitted']),
    );
    expect((await scheduler.explain('a', after(MINUTE))).outcome).toBe('submitted');
    await app.stop();
    expect(scheduler.health()).toMatchObject({ firing: false });
    await clock.advance(10 * MINUTE);
    expect(ran).toHaveLength(4);
  });

  it('fires at once when it is attached to an app that runs', async () => {
    const { app, clock } = createTestApp();
    const ran: string[] = [];
    const note = app.task('note', (what: string) => void ran.push(what));
    await app.start();
    const scheduler = new Scheduler(app, { backend: new InMemorySchedulerBackend() });
    await scheduler.scheduleInterval('1m', note, { args: ['tick'] });
    await vi.waitFor(() => expect(scheduler.health()).toMatchObject({ firing: true }));
    await clock.advance(MINUTE);
    await vi.waitFor(() => expect(ran).toEqual(['tick']));
    await app.stop();
    expect(scheduler.health()).toMatchObject({ firing: false });
  });

  it('writes and reads without a start, and triggers by hand', async () => {
    const { app, scheduler, tick } = setup();
    await scheduler.schedule({ id: 'a', task: tick, every: '1h', enabled: false });
    const taskId = await scheduler.trigger('a');
    expect(await app.get(taskId)).toMatchObject({ taskName: 'tick', status: 'pending' });
    expect(await scheduler.history('a')).toMatchObject([{ id: taskId, kind: 'manual', state: 'submitted' }]);
    expect(await scheduler.get('a')).toMatchObject({ runCount: 0, lastRun: null });
    await app.stop();
  });

  it('enqueues a task whose code is elsewhere, once it has the contract', async () => {
    const { app, clock, backend, scheduler, elsewhere } = setup();
    await scheduler.scheduleInterval('1h', elsewhere, { id: 'a', args: [1] });
    const other = new Flowrra({ clock });
    const stranger = new Scheduler(other, { backend });
    await expect(stranger.trigger('a')).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    const informed = new Scheduler(other, { backend, tasks: [elsewhere] });
    expect(await other.get(await informed.trigger('a'))).toMatchObject({ taskName: 'elsewhere' });
    await scheduler.start();
    await clock.advance(HOUR);
    await vi.waitFor(async () => expect((await app.queueSize('default')).waiting).toBe(1));
    await Promise.all([app.stop(), other.stop()]);
  });

  it('hears within seconds what another one creates, disables and removes (SC-10)', async () => {
    const { app, clock, backend, scheduler, tick } = setup();
    const elsewhere = new Scheduler(new Flowrra({ clock }), { backend, tasks: [tick] });
    await elsewhere.scheduleOnce(after(40 * 24 * HOUR), tick);
    await scheduler.start();
    await clock.advance(HOUR);
    await elsewhere.scheduleInterval('1s', tick, { id: 'a' });
    await clock.advance(5_000);
    await vi.waitFor(async () => expect(await scheduler.get('a')).toMatchObject({ lastRun: after(HOUR + 5_000) }));
    await elsewhere.disable('a');
    await clock.advance(5_000);
    await elsewhere.enable('a');
    await clock.advance(5_000);
    await vi.waitFor(async () => expect(await scheduler.get('a')).toMatchObject({ lastRun: after(HOUR + 15_000) }));
    await elsewhere.unschedule('a');
    await clock.advance(5_000);
    expect((await scheduler.history('a')).map(({ slot }) => slot)).toEqual(
      [15, 14, 13, 12, 11, 5, 4, 3, 2, 1].map((second) => after(HOUR + second * 1_000)),
    );
    await app.stop();
  });

  it('works on a store that has only the eleven methods, with one node', async () => {
    const { app, clock, scheduler, tick, report } = setup({ backend: new ElevenMethodsBackend() });
    await scheduler.scheduleInterval('1m', tick, { id: 'a' });
    await scheduler.apply([defineSchedule({ id: 'b', task: report, cron: '@hourly', args: ['all'] })], { owner: 'me' });
    await app.start();
    await clock.advance(2 * MINUTE);
    await vi.waitFor(async () =>
      expect(await scheduler.get('a')).toMatchObject({ runCount: 2, lastRun: after(2 * MINUTE) }),
    );
    expect((await scheduler.explain('a', after(MINUTE))).outcome).toBe('submitted');
    expect((await scheduler.list({ owner: 'me' })).map(({ id }) => id)).toEqual(['b']);
    await scheduler.disable('a');
    await clock.advance(5 * MINUTE);
    expect(await scheduler.get('a')).toMatchObject({ enabled: false, runCount: 2 });
    expect(await scheduler.unschedule('b')).toBe(true);
    await app.stop();
  });

  it('opens its store once, at the first use', async () => {
    const backend = new CountedBackend();
    const { scheduler } = setup({ backend });
    expect(backend.opened).toBe(0);
    await Promise.all([scheduler.list(), scheduler.get('a'), scheduler.start()]);
    await scheduler.start();
    expect(backend.opened).toBe(1);
    await scheduler.stop();
    // It was passed in, and may serve somebody else.
    expect(backend.closed).toBe(0);
  });

  it('tries again after its store could not be opened', async () => {
    const backend = new CountedBackend();
    const open = backend.open.bind(backend);
    backend.open = () => Promise.reject(new StoreUnavailableError('The store is away.'));
    const { app, scheduler } = setup({ backend });
    await expect(app.start()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(scheduler.list()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    backend.open = open;
    expect(await scheduler.list()).toEqual([]);
    await app.start();
    await vi.waitFor(() => expect(scheduler.health().lastRound).not.toBeNull());
    await app.stop();
  });

  it('says what is wrong with the address of its store when it is first used', async () => {
    const { app } = createTestApp();
    const scheduler = new Scheduler(app, { backend: 'oracle://db' });
    await expect(scheduler.list()).rejects.toMatchObject({ code: 'UNSUPPORTED_SCHEME' });
    await expect(app.start()).rejects.toMatchObject({ code: 'UNSUPPORTED_SCHEME' });
    await app.stop();
  });

  it('stops once and for all', async () => {
    const { scheduler, tick } = setup();
    await scheduler.start();
    await Promise.all([scheduler.stop(), scheduler.stop({ grace: '1s' })]);
    await scheduler.stop();
    for (const refused of [
      scheduler.start(),
      scheduler.list(),
      scheduler.schedule({ task: tick, every: '1h' }),
      scheduler.trigger('a'),
    ])
      await expect(refused).rejects.toMatchObject({ code: 'STOPPED' });
  });

  it('stops when it was never used, and when it is still starting', async () => {
    const unused = setup();
    await unused.app.stop();
    const starting = setup();
    const started = starting.scheduler.start();
    await starting.scheduler.stop();
    await started;
    expect(starting.scheduler.health()).toMatchObject({ firing: false });
  });

  it('does not wait for a store that hangs as it is opened (SH-06)', async () => {
    const backend = new InMemorySchedulerBackend();
    backend.open = () => new Promise(() => {});
    const { scheduler } = setup({ backend });
    void scheduler.start();
    await scheduler.stop();
    expect(scheduler.health()).toMatchObject({ firing: false });
    await expect(scheduler.start()).rejects.toMatchObject({ code: 'STOPPED' });
  });

  it('runs alone until its signal, then stops its app with all that it opened', async () => {
    const { app, scheduler, clock, tick } = setup();
    const end = new AbortController();
    const running = scheduler.run({ signal: end.signal });
    await scheduler.scheduleInterval('1m', tick, { id: 'a' });
    await clock.advance(MINUTE);
    await vi.waitFor(async () =>
      expect(await scheduler.get('a')).toMatchObject({ runCount: 1, lastRun: after(MINUTE) }),
    );
    end.abort();
    await running;
    await expect(tick.submit([])).rejects.toMatchObject({ code: 'STOPPED' });
    await expect(app.scheduler.list()).rejects.toMatchObject({ code: 'STOPPED' });
  });

  it('asks its store for the time, whatever the clock of its process says', async () => {
    const backend = new InMemorySchedulerBackend();
    const { clock } = createTestApp();
    const app = new Flowrra({ clock });
    const scheduler = new Scheduler(app, { backend });
    const tick = app.task('tick', () => {});
    const dueTimes = backend.dueTimes.bind(backend);
    backend.dueTimes = async (options) => ({ ...(await dueTimes(options)), now: after(5 * HOUR) });
    expect(await scheduler.scheduleCron('0 * * * *', tick)).toMatchObject({
      createdAt: after(5 * HOUR),
      nextRun: after(6 * HOUR),
    });
    expect(clock.now()).toBe(START.getTime());
  });
});
