import { setTimeout as pause } from 'node:timers/promises';
import { InMemoryBackend, InMemoryBroker } from '@flowrra/backend-memory';
import { Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';
import { sampleDecision, sampleSchedule } from '@flowrra/scheduler/conformance';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { creations, idsOf } from '../../support/sample-schedules.js';
import { SQL_SERVERS, type World } from '../../support/sql-servers.js';
import { silentLogger } from '../../support/world.js';

const worlds: World[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

describe.each(SQL_SERVERS)('sessions on $name', (server) => {
  const setup = async (options: Parameters<World['backend']>[0] = {}, extraConfig: string[] = []) => {
    // A server of its own, since all its sessions are ended.
    const own = await server.start({ extraConfig });
    const world = server.world(own.url);
    worlds.push({ ...world, close: () => world.close().finally(() => own.stop()) });
    return { world, backend: world.backend(options) };
  };

  it('that the server ends while they are idle are replaced (SQ-02)', async () => {
    const { world, backend } = await setup({ poolSize: 3 });
    for (let round = 0; round < 10; round++) {
      await Promise.all([1, 2, 3].map((number) => backend.create(sampleSchedule(`job-${round}-${number}`))));
      await server.endSessions(world);
      expect(await backend.listAll()).toHaveLength(3 * (round + 1));
      await server.endSessions(world);
    }
  });

  it('that the server ends while they are busy cost no read, and no write that is not refused (SQ-02)', async () => {
    const { world, backend } = await setup({ poolSize: 4 });
    await backend.applyChanges(creations(50));
    let done = false;
    const killing = (async () => {
      for (let round = 0; round < 15; round++) await server.endSessions(world);
      done = true;
    })();
    const confirmed: string[] = [];
    const refused: unknown[] = [];
    const writing = async (name: string) => {
      for (let number = 0; !done; number++) {
        const id = `${name}-${number}`;
        await backend.create(sampleSchedule(id)).then(
          () => confirmed.push(id),
          (err: unknown) => refused.push(err),
        );
      }
    };
    const reading = async () => {
      while (!done) await backend.listEnabled().catch((err: unknown) => refused.push(err));
    };
    await Promise.all([killing, writing('a'), writing('b'), reading()]);
    for (const err of refused) {
      // A write that was repeated although it had been done finds its own row.
      expect(err).toMatchObject({ code: expect.stringMatching(/^(STORE_UNAVAILABLE|SCHEDULE_EXISTS)$/) });
    }
    expect(idsOf(await backend.listAll())).toEqual(expect.arrayContaining(confirmed));
  });

  it('are shared: fifty calls at once on a pool of two all end well, none idle in a transaction for 1 s (SQ-13)', async () => {
    const { world, backend } = await setup({ poolSize: 2 }, [server.idleLimit]);
    await backend.applyChanges(creations(50));
    const schedules = await backend.listAll();
    const work = schedules.map(async (schedule, index) => {
      if (index % 2 === 0) return backend.get(schedule.id);
      // A row that another transaction has just looked at may be left out; then it is still there.
      while ((await backend.claimDue([sampleDecision(schedule)], { node: 'node' })).length === 0);
      return backend.get(schedule.id);
    });
    const runs = (await Promise.all(work)).map((schedule) => schedule?.runCount);
    expect(runs).toEqual(schedules.map((_, index) => index % 2));
    expect(await world.backend().listFirings('job-00001')).toHaveLength(1);
  });

  it('hold no transaction while the broker is slow to take a task (SQ-13)', async () => {
    const { world, backend } = await setup({ poolSize: 2 }, [server.idleLimit]);
    const app = new Flowrra({ broker: new InMemoryBroker(), backend: new InMemoryBackend(), logger: silentLogger });
    const scheduler = new Scheduler(app, { backend });
    const tick = app.task('tick', () => {});
    const seen: number[] = [];
    app.use({
      async submit(call, next) {
        // Longer than a session may idle in a transaction.
        for (const _look of [1, 2, 3]) {
          await pause(600);
          seen.push(await server.idleTransactions(world));
        }
        return next(call);
      },
    });
    const { id } = await scheduler.scheduleOnce(new Date(0), tick);
    // Whoever looks does see one.
    expect(await server.holdRow(world, id, () => server.idleTransactions(world))).toBe(1);
    onTestFinished(() => app.stop({ grace: 0 }));
    await scheduler.start();
    await vi.waitFor(async () => {
      expect(await backend.listFirings(id)).toMatchObject([{ state: 'submitted' }]);
    }, 20_000);
    expect(seen).toEqual([0, 0, 0]);
  });

  it('that are never free fail by a typed error in time (SQ-03, SQ-13)', async () => {
    const { world, backend } = await setup({ poolSize: 1 });
    await backend.create(sampleSchedule('job'));
    const other = world.backend();
    const [schedule] = await other.listAll();
    // Somebody else holds the row that the only session waits for.
    const blocked = server.holdRow(world, 'job', async () => {
      const updates = [1, 2, 3].map((n) => backend.update(sampleSchedule('job', { description: `${n}` })));
      return Promise.allSettled(updates);
    });
    const outcomes = await blocked;
    expect(schedule?.id).toBe('job');
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } });
    }
    await backend.update(sampleSchedule('job', { description: 'free again' }));
    expect((await other.get('job'))?.description).toBe('free again');
  });
});
