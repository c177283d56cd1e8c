import { dropTables } from '@flowrra/scheduler/sql';
import Sqlite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { SQLiteSchedulerBackend } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

it('drops the tables of its prefix, and no others', async () => {
  const folder = temporaryFolder();
  const open = (tablePrefix: string) => new SQLiteSchedulerBackend(folder.file('two.db'), { tablePrefix });
  const [a, b] = [open('a_'), open('b_')];
  try {
    await Promise.all([a.listAll(), b.listAll()]);
    await dropTables(a);
    const database = new Sqlite(folder.file('two.db'), { readonly: true });
    const names = database.prepare("select name from sqlite_master where type = 'table' order by name").pluck().all();
    database.close();
    expect(names).toEqual(['b_firings', 'b_migrations', 'b_migrations_lock', 'b_schedules']);
  } finally {
    await Promise.all([a.close(), b.close()]);
    folder.remove();
  }
});
