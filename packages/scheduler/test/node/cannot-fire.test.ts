import { afterEach, describe, expect, it } from 'vitest';
import { decideSlots } from '../../src/firing/decide-slots.js';
import { at, doorTo, HOUR, ledger, MINUTE, range, SECOND, schedule, setup, type World } from './setup.js';

let world: World;
afterEach(() => world.stop());

describe('A schedule that cannot fire', () => {
  it('shows why on its row when its task is unknown here, is left to other nodes, and costs nothing (SC-12)', async () => {
    world = await setup();
    await world.create(schedule('lost', { taskName: 'nobody.knows' }), schedule('fine', { schedule: '2000' }));
    let calls = 0;
    const counted = doorTo(world.backend, (method, through) => {
      if (method !== 'waitForChange') calls++;
      return through();
    });
    await world.node('n', counted).start();
    await world.clock.advance(10 * SECOND);
    expect((await world.row('lost')).error).toContain('"nobody.knows"');
    expect(await world.row('lost')).toMatchObject({ nextRun: at(SECOND), runCount: 0 });
    expect(await world.enqueued('fine')).toEqual(range(2_000, 10_000, 2_000));
    await world.backend.delete('fine');
    await world.clock.advance(SECOND);
    calls = 0;
    await world.clock.advance(10 * MINUTE);
    expect(calls).toBeLessThanOrEqual(11);
    expect(world.log.count('not registered here')).toBe(1);
  });

  it('shows nothing on its row as long as another node fires it, and why a few seconds after none does (SC-12)', async () => {
    world = await setup();
    await world.create(
      // Due also whenever the node that does not know it looks.
      schedule('theirs', { taskName: 'theirs', schedule: String(SECOND) }),
      schedule('later', { taskName: 'theirs', schedule: String(HOUR) }),
    );
    world.app.task('theirs', () => {});
    const errors: unknown[] = [];
    let claims = 0;
    const watched = doorTo(world.backend, async (method, through) => {
      if (method === 'claimDue') claims++;
      if (method === 'dueTimes') for (const id of ['theirs', 'later']) errors.push((await world.row(id)).error);
      return through();
    });
    await world.node('without', watched, (task) => (task === 'theirs' ? null : world.app.findTask(task))).start();
    const knowing = world.node('with');
    await knowing.start();
    await world.clock.advance(30 * MINUTE);
    expect(world.log.count('not registered here')).toBe(1);
    expect(new Set(errors)).toEqual(new Set([null]));
    expect(claims).toBe(0);
    const stopped = knowing.stop({ grace: 0 });
    await world.clock.advance(20 * MINUTE);
    await stopped;
    expect((await world.row('theirs')).error).toBe(
      'Node "without" knows no task "theirs", and no other node fired the schedule. ' +
        'Register the task where a scheduler runs, or remove the schedule.',
    );
    expect((await world.row('later')).error).toBeNull();
  });

  it('fires once its task is registered after all, and loses its error (SC-12)', async () => {
    world = await setup();
    await world.create(schedule('later', { taskName: 'later' }));
    await world.node().start();
    await world.clock.advance(5 * SECOND);
    world.app.task('later', () => {});
    await world.clock.advance(MINUTE);
    expect(await world.row('later')).toMatchObject({ error: null });
    expect((await world.enqueued('later')).at(-1)).toBe(65 * SECOND);
  });

  it('leaves what a node claimed that knew the task to a node that knows it (SC-12)', async () => {
    world = await setup();
    await world.create(schedule('s', { taskName: 'theirs', schedule: String(HOUR), nextRun: at(0) }));
    await world.backend.claimDue([decideSlots(await world.row('s'), at(0), { lastRunIsLive: false })], {
      node: 'dead',
    });
    await world.node().start();
    await world.clock.advance(MINUTE);
    expect(await ledger(world.backend, 's')).toEqual(['slot 0 claimed']);
    world.app.task('theirs', () => {});
    await world.clock.advance(2 * MINUTE);
    expect(await ledger(world.backend, 's')).toEqual(['slot 0 submitted']);
  });

  it('ends with its error when its expression is broken, and others run on time (SC-12)', async () => {
    world = await setup();
    const broken = { scheduleType: 'cron' as const, schedule: 'each morning', nextRun: at(SECOND) };
    await world.create(schedule('broken', broken), schedule('fine'));
    await world.node().start();
    await world.clock.advance(5 * SECOND);
    expect(await world.row('broken')).toMatchObject({ nextRun: null, error: expect.stringContaining('no times') });
    expect(await world.enqueued('fine')).toEqual(range(SECOND, 5 * SECOND, SECOND));
    expect(world.log.count('cannot fire')).toBe(1);
  });

  it('holds up no other one when somebody wrote a last task into its row that no task can be (SC-12)', async () => {
    world = await setup();
    await world.create(
      schedule('edited', { overlap: 'skip', lastTaskId: 'no name of a task' }),
      schedule('fine', { overlap: 'skip' }),
    );
    await world.node().start();
    await world.clock.advance(SECOND);
    expect(await world.enqueued('fine')).toEqual([1_000]);
    expect(await world.enqueued('edited')).toEqual([1_000]);
  });

  it('skips its slots with the reason when its arguments are refused, and fires again once they are not (SC-12)', async () => {
    world = await setup();
    let strict = true;
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) => (strict ? { issues: [{ message: 'must be a number' }] } : { value }),
      },
    };
    world.app.task('picky', { schema: { args: schema } }, () => {});
    await world.create(schedule('bad', { taskName: 'picky' }), schedule('fine'));
    await world.node().start();
    await world.clock.advance(2 * SECOND);
    expect(await world.row('bad')).toMatchObject({
      error: expect.stringContaining('must be a number'),
      nextRun: at(3_000),
    });
    expect(await ledger(world.backend, 'bad')).toEqual(['slot 1000 skipped', 'slot 2000 skipped']);
    expect(await world.enqueued('fine')).toEqual([1_000, 2_000]);
    strict = false;
    await world.clock.advance(SECOND);
    expect(await world.enqueued('bad')).toEqual([3_000]);
    expect((await world.row('bad')).error).toBeNull();
  });

  it('skips its slots when the schema of its task never answers, and others fire on (SC-12)', async () => {
    world = await setup();
    let asked = 0;
    const validate = () => new Promise<never>(() => void asked++);
    const silent = { '~standard': { version: 1 as const, vendor: 'test', validate } };
    world.app.task('silent', { schema: { args: silent } }, () => {});
    await world.create(schedule('stuck', { taskName: 'silent' }), schedule('fine'));
    await world.node().start();
    await world.clock.advance(10 * SECOND);
    expect((await world.row('stuck')).error).toBe('Its task was refused: its schema did not answer within 5 s.');
    expect(await ledger(world.backend, 'stuck')).toEqual(
      range(SECOND, 10 * SECOND, SECOND).map((slot) => `slot ${slot} skipped`),
    );
    expect(await world.enqueued('fine')).toEqual(range(SECOND, 10 * SECOND, SECOND));
    expect((await world.backend.listFirings('fine'))[0]?.claimedAt).toEqual(at(10 * SECOND));
    expect(asked).toBe(1);
  });

  it('skips a slot whose task a middleware refuses, and says why in the ledger and on the row', async () => {
    world = await setup();
    world.app.use({
      submit: (call, next) => (call.args[0] === 'bad' ? Promise.reject(new Error('not today')) : next(call)),
    });
    await world.create(schedule('bad'), schedule('fine'));
    await world.node().start();
    await world.clock.advance(SECOND);
    expect(await world.backend.listFirings('bad')).toMatchObject([
      { state: 'skipped', reason: expect.stringContaining('not today') },
    ]);
    expect((await world.row('bad')).error).toContain('not today');
    expect(await world.enqueued('fine')).toEqual([1_000]);
  });
});
