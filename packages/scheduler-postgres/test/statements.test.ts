import { sampleDecision, sampleSchedule } from '@flowrra/scheduler/conformance';
import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { World } from './world.js';

let world: World;
afterEach(() => world.close());

/** A backend with schedules that are due at one instant, whose statements are on record. */
async function setup(schedules: number) {
  world = new World();
  const queries: CompiledQuery[] = [];
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: world.url }) }),
    log: ({ query }) => void queries.push(query),
  });
  onTestFinished(() => db.destroy());
  const backend = world.backend({}, db);
  const tasks = Array.from({ length: schedules }, (_, index) => sampleSchedule(`job-${index}`));
  await backend.applyChanges(tasks.map((after) => ({ before: null, after })));
  /** The plans of what changes rows, made as in the transactions of the backend. */
  const plansOf = async (work: () => Promise<unknown>): Promise<string[]> => {
    queries.length = 0;
    await work();
    const begin = queries.find(({ sql }) => sql.startsWith('begin'))?.sql ?? '';
    const updates = queries.filter(({ sql }) => sql.startsWith('update'));
    return Promise.all(updates.map((query) => planOf(begin, query)));
  };
  return { backend, plansOf };
}

async function planOf(begin: string, { sql, parameters }: CompiledQuery): Promise<string> {
  const client = new pg.Client(world.url);
  await client.connect();
  try {
    await client.query(begin);
    const { rows } = await client.query(`explain ${sql}`, [...parameters]);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  } finally {
    await client.end();
  }
}

describe('statements on PostgreSQL', () => {
  it('look each row up by its key, in tables of which the planner knows nothing yet', async () => {
    const { backend, plansOf } = await setup(4_000);
    const claimAndMark = async () => {
      const { schedules } = await backend.readDue({ limit: 500 });
      const decisions = schedules.map((task) => sampleDecision(task));
      const firings = await backend.claimDue(decisions, { node: 'node-1' });
      await backend.markFirings(firings, { state: 'submitted' });
    };
    for (let batch = 0; batch < 3; batch++) await claimAndMark();
    const [advancing, marking, ...others] = await plansOf(claimAndMark);
    expect(others).toEqual([]);
    expect(advancing).toMatch(/Index Scan using \w+_schedules_key/);
    expect(marking).toMatch(/Index Scan using \w+_firings_key/);
    for (const plan of [advancing, marking]) expect(plan).not.toMatch(/Seq Scan/);
  });
});
