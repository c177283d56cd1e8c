import { consoleLogger, systemClock } from '@flowrra/core';
import { sampleSchedule } from '@flowrra/scheduler/conformance';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SQL_SERVERS } from '../../support/sql-servers.js';

describe.each(SQL_SERVERS)('nodes that start on $name', (server) => {
  it('make one schema when five of them start at once on an empty database, thirty times (SQ-01)', async () => {
    for (let round = 0; round < 30; round++) {
      const world = server.world();
      const nodes = Array.from({ length: 5 }, () => world.backend({ poolSize: 1 }));
      await Promise.all(nodes.map((node) => node.open({ clock: systemClock, logger: consoleLogger })));
      await Promise.all(nodes.map((node, index) => node.create(sampleSchedule(`job-${index}`))));
      expect(await nodes[0]?.listAll()).toHaveLength(5);
      await world.close();
    }
    // MariaDB makes and drops 240 tables for it.
  }, 180_000);

  it('make their schema beside others who drop tables of their own', async () => {
    const busy = server.world();
    let done = false;
    const dropping = (async () => {
      const columns = Array.from({ length: 50 }, (_, index) => `c${index} int`).join(', ');
      while (!done) {
        await busy.query(`create table ${busy.prefix}firings (${columns}); drop table ${busy.prefix}firings`);
      }
    })();
    const starts = Array.from({ length: 4 }, async () => {
      for (let round = 0; round < 10; round++) {
        const world = server.world();
        await world.backend({ poolSize: 1 }).create(sampleSchedule('job'));
        await world.close();
      }
    });
    await Promise.all(starts).finally(() => {
      done = true;
    });
    await dropping;
    await busy.close();
  }, 60_000);

  it('refuse tables that a newer version made, and leave them alone', async () => {
    const world = server.world();
    onTestFinished(() => world.close());
    await world.backend().create(sampleSchedule('job'));
    await world.query(`update ${world.prefix}migrations set name = '9999-later'`);
    await expect(world.backend().get('job')).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW' });
    expect(await world.query(`select name from ${world.prefix}migrations`)).toEqual([{ name: '9999-later' }]);
  });

  it('go on with their schedules where the record of migrations was lost', async () => {
    const world = server.world();
    onTestFinished(() => world.close());
    await world.backend().create(sampleSchedule('job'));
    for (const loss of ['delete from', 'drop table']) {
      await world.query(`${loss} ${world.prefix}migrations`);
      expect(await world.backend().get('job')).toEqual(sampleSchedule('job'));
    }
  });
});
