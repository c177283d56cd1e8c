import { sampleDecision } from '@flowrra/scheduler/conformance';
import type { CompiledQuery } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { creations } from '../../support/sample-schedules.js';
import { SQL_SERVERS, type World } from '../../support/sql-servers.js';

const worlds: World[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

describe.each(SQL_SERVERS)('claims on $name', (server) => {
  const setup = () => {
    const world = server.world();
    worlds.push(world);
    return world;
  };

  it('of three nodes share a thousand due slots, each taken once (SQ-04)', async () => {
    const world = setup();
    const nodes = ['a', 'b', 'c'].map((name) => ({ name, backend: world.backend() }));
    await nodes[0]?.backend.applyChanges(creations(1_000));
    const claimed = await Promise.all(
      nodes.map(async ({ name, backend }) => {
        const ids: string[] = [];
        while (true) {
          const { schedules } = await backend.readDue({ limit: 50 });
          const due = schedules.filter(({ runCount }) => runCount === 0);
          if (due.length === 0) return ids;
          const firings = await backend.claimDue(
            due.map((task) => sampleDecision(task)),
            { node: name },
          );
          ids.push(...firings.map(({ id }) => id));
        }
      }),
    );
    expect(claimed.flat()).toHaveLength(1_000);
    expect(new Set(claimed.flat()).size).toBe(1_000);
    const rows = await world.query(`select node, count(*) as n from ${world.prefix}firings group by node`);
    expect(rows.reduce((sum, { n }) => sum + Number(n), 0)).toBe(1_000);
  });

  it('and what a node asks all day read what they need by an index, also among 10,000 schedules (SQ-04)', async () => {
    const world = setup();
    const statements: CompiledQuery[] = [];
    const backend = world.watched(statements);
    const later = Date.now() + 3_600_000;
    await backend.applyChanges(
      creations(10_000, (index) => ({ nextRun: new Date(index < 600 ? index : later + index) })),
    );
    const { schedules } = await backend.readDue({ limit: 500 });
    const firings = await backend.claimDue(
      schedules.map((task) => sampleDecision(task)),
      { node: 'node' },
    );
    await backend.markFirings(firings, { state: 'submitted' });
    await server.analyze(world);

    statements.length = 0;
    await backend.dueTimes();
    await backend.dueTimes({ exceptTasks: ['unknown.task'] });
    const due = await backend.readDue({ limit: 500 });
    await backend.claimDue(
      due.schedules.slice(0, 50).map((task) => sampleDecision(task)),
      { node: 'node' },
    );
    const asked = statements.filter(({ sql }) => /^\s*select/i.test(sql) && sql.includes(world.prefix));
    expect(asked).toHaveLength(4);
    for (const query of asked) expect([query.sql, await server.planFaults(world, query)]).toEqual([query.sql, []]);
  });

  it('are transactions that read what is committed (SQ-04)', async () => {
    const world = setup();
    const statements: CompiledQuery[] = [];
    const backend = world.watched(statements);
    await backend.applyChanges(creations(1));
    expect(statements.map(({ sql }) => sql).join('\n')).toMatch(/isolation level read committed/);
    expect(statements.some(({ sql }) => /idle_(in_)?transaction/.test(sql))).toBe(true);
  });
});
