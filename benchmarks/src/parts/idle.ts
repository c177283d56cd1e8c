import type { Part } from '../measuring/bench.js';
import { once } from '../measuring/once.js';
import { FLOWRRA, type RowDefinition } from '../measuring/row.js';
import { type IdleOptions, idleOnMariadb, idleOnPostgres, idleOnSqlite } from '../schedules/idle/measure-idle.js';

/** Milliseconds a minute: a thousandth of one core. */
const HARDLY_ANY = 60;

export const idle: Part = {
  name: 'idle',
  about:
    'One node with 10,000 schedules, none of which is due, for a minute: statements that the database counts (SQLite: the driver, without looks at the version of the file), and processor time of the node.',
  async measure(bench) {
    const options = { schedules: bench.amount(10_000, 500), time: bench.amount(60_000, 3_000) };
    await bench.compete({
      rows: {
        sqliteQueries: queries('SQLite', 0),
        postgresQueries: queries('PostgreSQL', 2),
        // One look every 5 s, and the round of every minute.
        mariadbQueries: queries('MariaDB', 15),
        sqliteCpu: cpu('SQLite'),
        postgresCpu: cpu('PostgreSQL'),
        mariadbCpu: cpu('MariaDB'),
      },
      contestants: [{ system: FLOWRRA, measure: once(() => idleOnAll(options)) }],
    });
  },
};

function queries(engine: string, atMost: number): RowDefinition {
  return { title: `statements of an idle node, ${engine}`, unit: 'a minute', goals: [{ atMost }] };
}

function cpu(engine: string): RowDefinition {
  return { title: `processor time of an idle node, ${engine}`, unit: 'ms a minute', goals: [{ atMost: HARDLY_ANY }] };
}

/** All at the same time: none of them does much. */
async function idleOnAll(options: IdleOptions) {
  const [sqlite, postgres, mariadb] = await Promise.all([
    idleOnSqlite(options),
    idleOnPostgres(options),
    idleOnMariadb(options),
  ]);
  return {
    sqliteQueries: sqlite.queries,
    postgresQueries: postgres.queries,
    mariadbQueries: mariadb.queries,
    sqliteCpu: sqlite.cpu,
    postgresCpu: postgres.cpu,
    mariadbCpu: mariadb.cpu,
  };
}
