import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMariadb, startPostgres } from '@flowrra/testing-servers';
import { createConnection } from 'mysql2/promise';
import { Child, measureApart } from '../../measuring/child.js';
import type { IdleUse } from './node.js';

const FILL = new URL('fill.js', import.meta.url);
const NODE = new URL('node.js', import.meta.url);
const MINUTE = 60_000;

/** Of one node, a minute. */
export interface IdleFigures {
  readonly queries: number;
  /** Milliseconds of processor time of the node's process. */
  readonly cpu: number;
}

export interface IdleOptions {
  readonly schedules: number;
  /** Milliseconds that the node is looked at. */
  readonly time: number;
}

/** Statements are counted by the driver. */
export async function idleOnSqlite(options: IdleOptions): Promise<IdleFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'flowrra-bench-'));
  try {
    const { use } = await watchNode(`sqlite://${folder}/schedules.db`, options, async () => 0);
    return perMinute(use.sqliteStatements, use, options);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Statements are counted by the server, which logs each. */
export async function idleOnPostgres(options: IdleOptions): Promise<IdleFigures> {
  const server = await startPostgres({ extraConfig: ['log_statement = all'] });
  try {
    const logged = async () => (await server.log()).match(/LOG: {2}(statement|execute .*?):/g)?.length ?? 0;
    const { queries, use } = await watchNode(server.url, options, logged);
    return perMinute(queries, use, options);
  } finally {
    await server.stop();
  }
}

/** Statements are counted by the server. */
export async function idleOnMariadb(options: IdleOptions): Promise<IdleFigures> {
  const server = await startMariadb();
  const connection = await createConnection(server.url);
  let own = 0;
  const asked = async (): Promise<number> => {
    own++;
    const [rows] = await connection.query("show global status like 'Questions'");
    return Number((rows as { Value: string }[])[0]?.Value) - own;
  };
  try {
    const { queries, use } = await watchNode(server.url, options, asked);
    return perMinute(queries, use, options);
  } finally {
    await connection.end();
    await server.stop();
  }
}

async function watchNode(
  url: string,
  { schedules, time }: IdleOptions,
  countQueries: () => Promise<number>,
): Promise<{ queries: number; use: IdleUse }> {
  await measureApart(FILL, [url, schedules]);
  const child = Child.start(NODE, [url, time]);
  try {
    await child.hear<'idle'>();
    const before = await countQueries();
    const use = await child.hear<IdleUse>();
    return { queries: (await countQueries()) - before, use };
  } finally {
    await child.kill();
  }
}

function perMinute(queries: number, { cpu }: IdleUse, { time }: IdleOptions): IdleFigures {
  return { queries: (queries * MINUTE) / time, cpu: (cpu * MINUTE) / time };
}
