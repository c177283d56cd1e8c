import { type Kysely, sql } from 'kysely';
import type { SqlTables } from './schema.js';

/**
 * Runs `work` on one connection between statements of the dialect's choice; Kysely's own transactions can set neither
 * limits nor `begin immediate`.
 * @param begin what is sent before `work`
 * @param end what is sent in any case after the commit or rollback, as far as the connection is still there
 */
export function rawTransaction<T>(
  db: Kysely<SqlTables>,
  begin: readonly string[],
  work: (trx: Kysely<SqlTables>) => Promise<T>,
  end: readonly string[] = [],
): Promise<T> {
  return db.connection().execute(async (connection) => {
    const send = async (statements: readonly string[]) => {
      for (const statement of statements) await sql.raw(statement).execute(connection);
    };
    let result: T;
    try {
      await send(begin);
      result = await work(connection);
      await send(['commit']);
    } catch (err) {
      // Says nothing new where the connection is lost: then the server rolls back.
      await send(['rollback', ...end]).catch(() => {});
      throw err;
    }
    // What was committed stays so, whatever happens to the connection now.
    await send(end).catch(() => {});
    return result;
  });
}
