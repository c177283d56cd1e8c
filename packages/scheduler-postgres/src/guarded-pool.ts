import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type { Pool, PoolClient } from 'pg';
import { isServerError } from './postgres-errors.js';

/** Milliseconds after which a server that does not answer a query is taken for gone. */
const QUERY_TIMEOUT = 12_000;

/**
 * The pool as Kysely sees it. While a client is in use nobody listens for its errors, and Kysely gives back every client
 * as if it were sound: here the end of a session ends no process, and a client that was lost, or whose query is still
 * unanswered, is not used again.
 */
export function guardedPool(pool: Pool): PostgresPool {
  return { connect: async () => guardedClient(await pool.connect()), end: () => Promise.resolve() };
}

function guardedClient(client: PoolClient): PostgresPoolClient {
  let broken: Error | undefined;
  const onError = (err: Error) => {
    broken = err;
  };
  client.on('error', onError);
  const query = async (text: string, values: readonly unknown[]) => {
    try {
      // `query_timeout` is an option of pg that its types leave out here.
      return await client.query({ text, values: [...values], query_timeout: QUERY_TIMEOUT } as { text: string });
    } catch (err) {
      if (!isServerError(err)) broken = err as Error;
      throw err;
    }
  };
  return {
    // Kysely's second form of it is for cursors, of which it was given none.
    query: query as unknown as PostgresPoolClient['query'],
    release() {
      client.off('error', onError);
      client.release(broken);
    },
  };
}
