import { inspect } from 'node:util';
import { type BackendError, type BaseSchedulerBackend, consoleLogger, systemClock } from '@flowrra/core';
import { sampleSchedule } from '@flowrra/scheduler/conformance';
import { describe, expect, it, onTestFinished } from 'vitest';
import { creations } from '../../support/sample-schedules.js';
import { SQL_SERVERS } from '../../support/sql-servers.js';

async function refusal(backend: BaseSchedulerBackend): Promise<BackendError> {
  onTestFinished(() => backend.close());
  const opening = backend.open({ clock: systemClock, logger: consoleLogger });
  return opening
    .then(() => backend.create(sampleSchedule('job')))
    .then(
      () => expect.unreachable('It should have been refused.'),
      (err: BackendError) => err,
    );
}

describe.each(SQL_SERVERS)('who cannot work on $name', (server) => {
  const setup = async (options?: Parameters<typeof server.start>[0]) => {
    const own = await server.start(options);
    onTestFinished(() => own.stop());
    return { own, world: server.world(own.url) };
  };

  it('hears that nobody listens there, and works once somebody does', async () => {
    const { own, world } = await setup();
    await own.kill();
    const backend = world.backend();
    const err = await refusal(backend);
    expect(err).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/refuses connections\. Is it/),
    });
    await own.restart();
    await backend.create(sampleSchedule('job'));
    expect(await backend.listAll()).toHaveLength(1);
  });

  it('hears that the password is wrong, and nobody hears the password (DA-08)', async () => {
    const { own } = await setup({ password: 'the-right-one' });
    const url = own.url.replace('the-right-one', 'hunter2');
    const err = await refusal(server.world(url).backend());
    expect(err).toMatchObject({ code: 'BACKEND_ERROR', message: expect.stringContaining('user name or password') });
    for (const text of [inspect(err, { depth: 10 }), JSON.stringify(err)])
      expect(text).not.toMatch(/hunter2|the-right/);
  });

  it('hears that there is no such database', async () => {
    const { own } = await setup();
    const err = await refusal(server.world(own.url.replace(/\w+$/, 'nowhere')).backend());
    expect(err).toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringMatching(/no database of that name: create/),
    });
  });

  it('hears that the server is read-only', async () => {
    const { world } = await setup({ extraConfig: [server.readOnly] });
    const err = await refusal(world.backend());
    expect(err).toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('read-only') });
  });

  it('hears which permission is missing, and nothing is left half-made', async () => {
    const { world } = await setup();
    const err = await refusal(server.world(await server.reader(world)).backend());
    expect(err).toMatchObject({
      code: 'BACKEND_ERROR',
      message: expect.stringContaining('permission: it needs CREATE'),
    });
    const tables = await world.query(
      "select table_name from information_schema.tables where table_name like '%schedules'",
    );
    expect(tables).toEqual([]);
  });

  it('is not kept waiting by a server that hangs, and goes on with it', async () => {
    const { own, world } = await setup();
    const backend = world.backend();
    await backend.applyChanges(creations(3));
    await server.signal(own, 'SIGSTOP');
    const calls = [backend.listAll(), backend.dueTimes(), backend.create(sampleSchedule('late'))];
    const outcomes = await Promise.allSettled(calls);
    await server.signal(own, 'SIGCONT');
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } });
    }
    expect(await backend.get('job-00001')).toMatchObject({ id: 'job-00001' });
    // What was refused may have been done, but not twice, and nothing is stuck.
    await backend.create(sampleSchedule('after'));
    await backend.close();
  });

  it('does not hold up the end of a process when it hangs (SH-06)', async () => {
    const { own, world } = await setup();
    const backend = world.backend();
    await backend.applyChanges(creations(3));
    await server.signal(own, 'SIGSTOP');
    try {
      const calls = [backend.listAll(), backend.dueTimes(), backend.create(sampleSchedule('late'))];
      const outcomes = Promise.allSettled(calls);
      await Promise.all([backend.close(), backend.close()]);
      // By the end, and not by their deadline of ten seconds.
      for (const outcome of await outcomes)
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'STOPPED' } });
    } finally {
      await server.signal(own, 'SIGCONT');
    }
  });
});
