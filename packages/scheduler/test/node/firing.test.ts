import { sleep } from '@flowrra/core';
import { afterEach, describe, expect, it } from 'vitest';
import { decideSlots } from '../../src/firing/decide-slots.js';
import { firingId } from '../../src/schedule-identity.js';
import { at, doorTo, HOUR, ledger, MINUTE, range, SECOND, START, schedule, setup, type World } from './setup.js';

let world: World;
afterEach(() => world.stop());

describe('A node', () => {
  it('fires every slot of an interval at its instant, without drift (SC-06)', async () => {
    world = await setup();
    await world.create(schedule('s'));
    await world.node().start();
    const seen: number[] = [];
    for (let k = 1; k <= 60; k++) {
      await world.clock.advance(SECOND);
      seen.push(...(await world.enqueued('s')).slice(seen.length));
    }
    expect(seen).toEqual(range(SECOND, MINUTE, SECOND));
    const firings = await world.backend.listFirings('s');
    expect(firings.every(({ claimedAt, slot }) => claimedAt.getTime() === slot.getTime())).toBe(true);
    expect(firings.every(({ state, node }) => state === 'submitted' && node === 'node-1')).toBe(true);
    expect(await world.row('s')).toMatchObject({ runCount: 60, lastRun: at(MINUTE), nextRun: at(61 * SECOND) });
  });

  it('fires every slot once, however late it wakes (SC-06)', async () => {
    world = await setup();
    await world.create(schedule('s', { schedule: '1000' }));
    // The first node is held up at random; what it could not serve in time the next rounds do.
    const delays = range(1, 60, 1).map((n) => (n * 997) % 2_500);
    const slow = doorTo(world.backend, async (method, through) => {
      if (method === 'readDue') await sleep(world.clock, delays.pop() ?? 0);
      return through();
    });
    await world.node('slow', slow).start();
    await world.clock.advance(MINUTE + 5 * SECOND);
    const slots = await world.enqueued('s');
    expect(slots.slice(0, 60)).toEqual(range(SECOND, MINUTE, SECOND));
    expect(new Set(slots).size).toBe(slots.length);
  });

  it('enqueues the task under the id of the firing, with what the schedule says of the call', async () => {
    world = await setup();
    world.app.task('letter', { kwargs: true }, (_to: string, _kw: { subject: string }) => {});
    const fields = { taskName: 'letter', args: ['Ada'], kwargs: { subject: 'hello' }, queue: 'post', priority: -5 };
    const task = schedule('s', { ...fields, retries: 7, timeout: 1_234, nextRun: at(0) });
    await world.create(task);
    await world.node().start();
    await world.clock.advance(0);
    const [message] = world.broker.taken;
    expect(message).toMatchObject({
      id: firingId(task.incarnation, at(0), 'slot'),
      queue: 'post',
      priority: -5,
      runAt: null,
      remembered: true,
    });
    const payload = JSON.stringify(message?.payload);
    for (const part of ['letter', 'Ada', 'subject', 'hello', '1234', '7']) expect(payload).toContain(part);
  });

  it('spreads the start of tasks by jitter, the same on every node, and never the slot', async () => {
    world = await setup();
    await world.create(schedule('s', { jitter: 700 }));
    await world.node().start();
    await world.clock.advance(MINUTE);
    expect(await world.enqueued('s')).toEqual(range(SECOND, MINUTE, SECOND));
    const delays = world.broker.taken.map(
      ({ runAt }, k) => Number(runAt && 'at' in runAt && runAt.at) - START - (k + 1) * SECOND,
    );
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThan(700);
    expect(new Set(delays).size).toBeGreaterThan(20);
  });

  it('fires once when its timer is early, and the next slot is the following one (SC-08)', async () => {
    world = await setup();
    await world.create(schedule('s'));
    // A store whose clock is 15 ms behind what it says when it is asked for due times: the node wakes too early.
    const early = doorTo(world.backend, async (method, through) => {
      const reply = await through();
      if (method !== 'dueTimes') return reply;
      const due = reply as { now: Date; nextRun: Date | null };
      return due.nextRun && due.nextRun > due.now ? { ...due, now: new Date(due.now.getTime() + 15) } : due;
    });
    await world.node('early', early).start();
    await world.clock.advance(3_100);
    expect(await world.enqueued('s')).toEqual([1_000, 2_000, 3_000]);
    const firings = await world.backend.listFirings('s');
    expect(firings.every(({ claimedAt, slot }) => claimedAt >= slot)).toBe(true);
  });

  it.each([5 * MINUTE, -5 * MINUTE])(
    'fires by the clock of the store, which is %i ms ahead of its own (SC-07)',
    async (skew) => {
      world = await setup({ skew });
      await world.create(schedule('s', { nextRun: at(skew + 10 * SECOND), createdAt: at(skew) }));
      await world.node().start();
      await world.clock.advance(15 * SECOND);
      expect(await world.enqueued('s')).toEqual(range(skew + 10 * SECOND, skew + 15 * SECOND, SECOND));
      const firings = await world.backend.listFirings('s');
      expect(firings.every(({ claimedAt, slot }) => claimedAt.getTime() === slot.getTime())).toBe(true);
    },
  );

  it('sleeps forty days for its only schedule, and then fires on time (SC-09)', async () => {
    world = await setup();
    const days = 40 * 24 * HOUR;
    await world.create(schedule('far', { scheduleType: 'one_time', schedule: String(START + days) }));
    let looks = 0;
    const counted = doorTo(world.backend, (method, through) => {
      if (method === 'dueTimes') looks++;
      return through();
    });
    await world.node('n', counted).start();
    await world.clock.advance(HOUR);
    expect(looks).toBeLessThanOrEqual(62);
    await world.stop();

    world = await setup();
    await world.create(
      schedule('far', { scheduleType: 'one_time', schedule: String(START + days), nextRun: at(days) }),
    );
    await world.clock.advance(days - 90 * SECOND);
    await world.node().start();
    await world.clock.advance(90 * SECOND - 1);
    expect(await world.enqueued('far')).toEqual([]);
    await world.clock.advance(1);
    expect(await world.enqueued('far')).toEqual([days]);
    expect(await world.row('far')).toMatchObject({ nextRun: null });
  });

  it('notices at once what is created, changed, disabled and removed in its process (SC-10)', async () => {
    world = await setup();
    await world.node().start();
    await world.clock.advance(MINUTE);
    await world.create(schedule('s', { createdAt: at(MINUTE), nextRun: at(MINUTE + SECOND) }));
    await world.clock.advance(SECOND);
    expect(await world.enqueued('s')).toEqual([MINUTE + SECOND]);
    await world.backend.update({ ...(await world.row('s')), enabled: false, nextRun: null });
    await world.clock.advance(5 * SECOND);
    expect(await world.enqueued('s')).toHaveLength(1);
    await world.backend.update({ ...(await world.row('s')), enabled: true, nextRun: at(67 * SECOND) });
    await world.clock.advance(SECOND);
    expect(await world.enqueued('s')).toHaveLength(2);
    await world.backend.delete('s');
    await world.clock.advance(5 * SECOND);
    expect(world.broker.taken).toHaveLength(2);
  });

  it('judges the backlog of an hour by the policy of each schedule, and then goes on as usual (SC-05)', async () => {
    world = await setup();
    const cron = { scheduleType: 'cron' as const, schedule: '* * * * *', nextRun: at(MINUTE) };
    await world.create(
      schedule('latest', cron),
      schedule('skip', { ...cron, catchUp: 'skip' }),
      schedule('all', { ...cron, catchUp: { all: 5 } }),
    );
    await world.clock.advance(HOUR + 10 * SECOND);
    await world.node().start();
    await world.clock.advance(0);
    expect(await world.enqueued('latest')).toEqual([HOUR]);
    expect(await world.enqueued('skip')).toEqual([]);
    expect(await world.enqueued('all')).toEqual(range(56 * MINUTE, HOUR, MINUTE));
    expect(await ledger(world.backend, 'latest')).toEqual([
      `passed-over ${MINUTE}..${59 * MINUTE} (59) skipped`,
      `slot ${HOUR} submitted`,
    ]);
    expect(await ledger(world.backend, 'skip')).toEqual([`passed-over ${MINUTE}..${HOUR} (60) skipped`]);
    await world.clock.advance(2 * MINUTE);
    for (const id of ['latest', 'skip', 'all'])
      expect((await world.enqueued(id)).slice(-2)).toEqual([61 * MINUTE, 62 * MINUTE]);
  });

  it('runs every slot after a hiccup of two seconds (SC-05)', async () => {
    world = await setup();
    await world.create(schedule('s', { catchUp: 'skip' }));
    await world.clock.advance(2_500);
    await world.node().start();
    await world.clock.advance(SECOND);
    expect(await world.enqueued('s')).toEqual([1_000, 2_000, 3_000]);
  });

  it('pushes within five seconds what another node claimed and did not push (SC-02)', async () => {
    world = await setup();
    await world.create(schedule('s', { schedule: String(HOUR), nextRun: at(0) }));
    await world.node('alive').start();
    // The other one died after its claim.
    await world.backend.claimDue([decideSlots(await world.row('s'), at(0), { lastRunIsLive: false })], {
      node: 'dead',
    });
    await world.clock.advance(5 * SECOND - 1);
    expect(await world.enqueued('s')).toEqual([]);
    await world.clock.advance(SECOND);
    expect(await world.enqueued('s')).toEqual([0]);
    expect(await ledger(world.backend, 's')).toEqual(['slot 0 submitted']);
    expect(await world.row('s')).toMatchObject({ runCount: 1 });
  });

  it('enqueues no second task for a slot whose task ran before its firing was marked (SC-03)', async () => {
    world = await setup();
    await world.create(schedule('s', { schedule: String(HOUR), nextRun: at(0) }));
    await world.app.start();
    const decision = decideSlots(await world.row('s'), at(0), { lastRunIsLive: false });
    const [firing] = await world.backend.claimDue([decision], { node: 'dead' });
    await world.app.submit('tick', ['s'], { id: firing?.id });
    await world.clock.advance(SECOND);
    expect(world.ran).toEqual(['s']);
    await world.node('alive').start();
    await world.clock.advance(10 * SECOND);
    expect(await ledger(world.backend, 's')).toEqual(['slot 0 submitted']);
    expect(world.ran).toEqual(['s']);
    expect(world.broker.taken).toHaveLength(1);
  });

  it('fires what is due only by its next run: a day without it leaves nothing to catch up with (SC-11)', async () => {
    world = await setup();
    await world.create(schedule('s', { enabled: false, nextRun: null, schedule: String(MINUTE) }));
    await world.node().start();
    await world.clock.advance(24 * HOUR);
    await world.backend.update({ ...(await world.row('s')), enabled: true, nextRun: at(24 * HOUR + MINUTE) });
    await world.clock.advance(MINUTE);
    expect(await ledger(world.backend, 's')).toEqual([`slot ${24 * HOUR + MINUTE} submitted`]);
  });

  it.each([
    ['never pushed', false],
    ['pushed, and ended', true],
  ])(
    'cannot tell of a slot that was claimed by a dead node and %s, once its schedule is removed',
    async (_, pushed) => {
      world = await setup();
      await world.app.start();
      await world.create(schedule('s', { nextRun: at(0) }));
      const decision = decideSlots(await world.row('s'), at(0), { lastRunIsLive: false });
      const [firing] = await world.backend.claimDue([decision], { node: 'dead' });
      if (pushed) await world.app.submit('tick', ['s'], { id: firing?.id });
      await world.clock.advance(SECOND);
      await world.backend.delete('s');
      await world.node().start();
      await world.clock.advance(6 * SECOND);
      expect(await world.backend.listFirings('s')).toMatchObject([
        { state: 'unknown', reason: expect.stringContaining('removed before') },
      ]);
      expect(world.ran).toEqual(pushed ? ['s'] : []);
    },
  );

  it('skips what overlaps: as long as the task of the last run is unsubmitted, waiting or running', async () => {
    world = await setup();
    let finish = (): void => {};
    world.app.task('slow', () => new Promise<void>((resolve) => (finish = resolve)));
    await world.create(schedule('s', { taskName: 'slow', args: [], overlap: 'skip' }));
    await world.node().start();
    await world.clock.advance(3 * SECOND);
    expect(await ledger(world.backend, 's')).toEqual(['slot 1000 submitted', 'slot 2000 skipped', 'slot 3000 skipped']);
    const { lastTaskId } = await world.row('s');
    expect((await world.backend.listFirings('s'))[0]?.reason).toContain(lastTaskId);
    await world.app.start();
    await world.clock.advance(SECOND);
    finish();
    await world.clock.advance(SECOND);
    expect((await ledger(world.backend, 's')).slice(3)).toEqual(['slot 4000 skipped', 'slot 5000 submitted']);
    finish();
  });

  it.each([
    ['of which there is a record', null],
    ['whose record is over', SECOND / 2],
  ])('does not skip because of a dead letter %s: its run is over', async (_, ttl) => {
    world = await setup({ broker: { maxCrashes: 1 }, ttl });
    await world.create(schedule('s', { overlap: 'skip' }));
    await world.node().start();
    await world.clock.advance(SECOND);
    // A worker takes the first task down with it.
    await world.broker.claim({ queue: 'default', lane: 'io', count: 1, worker: 'dying', leaseMs: 1, alone: true });
    await world.app.start();
    await world.clock.advance(2 * SECOND);
    expect(await world.app.queueSize('default')).toMatchObject({ dead: 1 });
    expect((await ledger(world.backend, 's')).slice(0, 3)).toEqual([
      'slot 1000 submitted',
      'slot 2000 submitted',
      'slot 3000 submitted',
    ]);
  });

  it('looks for dead letters in the queue into which middleware put the task', async () => {
    world = await setup();
    world.app.use({
      submit: (call, next) => next({ ...call, options: { ...call.options, queue: 'tenant' } }),
    });
    await world.create(schedule('s', { overlap: 'skip', schedule: String(5 * SECOND) }));
    await world.node().start();
    await world.clock.advance(5 * SECOND);
    const held = { queue: 'tenant', lane: 'io', worker: 'w', count: 1, leaseMs: SECOND, alone: true } as const;
    const { claims } = await world.broker.claim(held);
    await world.broker.ack(claims.map(({ lease }) => ({ lease, deadLetter: 'crashed' })));
    // Its record was too old to keep.
    world.app.get = () => Promise.resolve(null);
    await world.clock.advance(5 * SECOND);
    expect(await ledger(world.backend, 's')).toEqual(['slot 5000 submitted', 'slot 10000 submitted']);
  });

  it('skips what overlaps with a run of which nobody can tell whether it ended', async () => {
    world = await setup();
    await world.create(schedule('s', { overlap: 'skip' }));
    world.app.get = () => Promise.reject(new Error('unreadable'));
    await world.node().start();
    await world.clock.advance(2 * SECOND);
    expect(await ledger(world.backend, 's')).toEqual(['slot 1000 submitted', 'slot 2000 skipped']);
  });

  it('skips what overlaps with a run whose task nobody pushed yet', async () => {
    world = await setup();
    await world.create(schedule('s', { overlap: 'skip' }));
    await world.clock.advance(SECOND);
    // Another node claims the first slot, and takes its time to push.
    const first = decideSlots(await world.row('s'), at(SECOND), { lastRunIsLive: false });
    await world.backend.claimDue([first], { node: 'slow' });
    await world.node().start();
    await world.clock.advance(2 * SECOND);
    expect(await ledger(world.backend, 's')).toEqual(['slot 1000 claimed', 'slot 2000 skipped', 'slot 3000 skipped']);
  });

  it('stops counting after the last run that is allowed', async () => {
    world = await setup();
    await world.create(schedule('s', { maxRuns: 3 }));
    await world.node().start();
    await world.clock.advance(10 * SECOND);
    expect(await world.enqueued('s')).toEqual([1_000, 2_000, 3_000]);
    expect(await world.row('s')).toMatchObject({ runCount: 3, nextRun: null });
  });
});
