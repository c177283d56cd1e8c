// What an engine and its driver allow: due rows are claimed and advanced, and nothing else. No ledger, no looking whether a
// row is still what was decided upon, no values of a row's own, no limit of time, no error that is tried again.
import Sqlite from 'better-sqlite3';
import { createPool } from 'mysql2/promise';
import pg from 'pg';
import { BATCH, type Claimer } from './claimer.js';

const DAY = 86_400_000;

/** @param url as `getSchedulerBackend` takes it */
export async function openRawClaimer(url: string): Promise<Claimer> {
  if (url.startsWith('sqlite:')) return openSqlite(url.slice('sqlite://'.length));
  return url.startsWith('mysql:') ? openMariadb(url) : openPostgres(url);
}

function rowsOf(count: number): { ids: string[]; due: number } {
  return { ids: Array.from({ length: count }, (_, i) => `schedule-${String(i).padStart(6, '0')}`), due: Date.now() };
}

function openSqlite(path: string): Claimer {
  const database = new Sqlite(path);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec(
    'create table due (id text primary key, next_run integer); create index due_next on due (next_run, id)',
  );
  const insert = database.prepare('insert into due values (?, ?)');
  const find = database.prepare<[number], { id: string }>(
    `select id from due where next_run <= ? order by next_run, id limit ${BATCH}`,
  );
  const advance = database.prepare(`update due set next_run = next_run + ${DAY} where id = ?`);
  const claim = database.transaction((now: number) => {
    const rows = find.all(now);
    for (const { id } of rows) advance.run(id);
    return rows.length;
  });
  return {
    async fill(count) {
      const { ids, due } = rowsOf(count);
      database.transaction(() => ids.forEach((id) => void insert.run(id, due)))();
    },
    readDue: async () => async () => claim.immediate(Date.now()),
    countDue: async () => find.all(Date.now()).length,
    async close() {
      database.exec('drop table due');
      database.close();
    },
  };
}

async function openPostgres(url: string): Promise<Claimer> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query('create table due (id varchar(255) collate "C" primary key, next_run bigint)');
  await client.query('create index due_next on due (next_run, id)');
  const find = `select id from due where next_run <= $1 order by next_run, id limit ${BATCH}`;
  return {
    async fill(count) {
      const { ids, due } = rowsOf(count);
      await client.query('insert into due select unnest($1::text[]), $2', [ids, due]);
    },
    readDue: async () => async () => {
      await client.query('begin');
      const { rows } = await client.query<{ id: string }>(`${find} for update skip locked`, [Date.now()]);
      await client.query(`update due set next_run = next_run + ${DAY} where id = any($1)`, [rows.map(({ id }) => id)]);
      await client.query('commit');
      return rows.length;
    },
    countDue: async () => (await client.query(find, [Date.now()])).rows.length,
    async close() {
      await client.query('drop table due');
      await client.end();
    },
  };
}

async function openMariadb(url: string): Promise<Claimer> {
  const pool = createPool(url);
  const connection = await pool.getConnection();
  await connection.query('set session transaction isolation level read committed');
  await connection.query(
    'create table due (id varchar(255) character set utf8mb4 collate utf8mb4_bin primary key, next_run bigint)',
  );
  await connection.query('create index due_next on due (next_run, id)');
  const find = `select id from due where next_run <= ? order by next_run, id limit ${BATCH}`;
  const found = async (lock: string): Promise<string[]> => {
    const [rows] = await connection.query(`${find} ${lock}`, [Date.now()]);
    return (rows as { id: string }[]).map(({ id }) => id);
  };
  return {
    async fill(count) {
      const { ids, due } = rowsOf(count);
      await connection.query('insert into due values ?', [ids.map((id) => [id, due])]);
    },
    readDue: async () => async () => {
      await connection.query('start transaction');
      const ids = await found('for update skip locked');
      await connection.query(`update due set next_run = next_run + ${DAY} where id in (?)`, [ids]);
      await connection.query('commit');
      return ids.length;
    },
    countDue: async () => (await found('')).length,
    async close() {
      await connection.query('drop table due');
      connection.release();
      await pool.end();
    },
  };
}
