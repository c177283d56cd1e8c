import { type PrivateServer, startMariadb, startPostgres } from '@flowrra/testing-servers';
import { describe, expect, it, vi } from 'vitest';
import { openSchedulers } from '../../support/schedulers.js';
import { faultsOf } from '../../support/slot-history.js';
import { SQL_SERVERS } from '../../support/sql-servers.js';

const SOON = { timeout: 30_000, interval: 50 };

interface Killed {
  readonly engine: 'postgresql' | 'mysql';
  readonly how: string;
  start(): Promise<PrivateServer>;
  kill(server: PrivateServer): Promise<void>;
}

const killed: readonly Killed[] = [
  {
    engine: 'postgresql',
    how: 'pg_ctl stop -m immediate',
    start: () => startPostgres({ durable: true }),
    // What that command sends.
    kill: (server) => server.kill('SIGQUIT'),
  },
  {
    engine: 'mysql',
    how: 'kill -9',
    start: () => startMariadb({ durable: true }),
    kill: (server) => server.kill('SIGKILL'),
  },
];

describe.concurrent.each(killed)(
  'a $engine server that is ended by $how again and again',
  ({ engine, start, kill }) => {
    it('while three nodes fire, costs no slot and repeats none (SI-1, SI-2)', async (context) => {
      const server = await start();
      context.onTestFinished(() => server.stop());
      const nodes = await openSchedulers(engine, context, { databaseUrl: server.url });
      await Promise.all(['a', 'b', 'c'].map((name) => nodes.node(name)));
      const first = (await nodes.now()) + 3_000;
      const schedules = await nodes.every({ count: 20, every: 250, first, spread: 5, last: first + 8_000 });
      const ran = () => nodes.ledger().filter(({ event }) => event === 'ran').length;
      for (const _time of [1, 2]) {
        const before = ran();
        await vi.waitFor(() => expect(ran()).toBeGreaterThan(before + 20), SOON);
        await kill(server);
        await server.restart();
      }
      const history = await nodes.end(schedules, 40_000);
      expect(faultsOf({ ...history, latest: 40_000 })).toEqual([]);
    }, 120_000);
  },
);

const lagging = SQL_SERVERS.map((server) =>
  server.name === 'PostgreSQL'
    ? ({ server, engine: 'postgresql', oneMoment: 'begin isolation level repeatable read' } as const)
    : // Its reads for an insert lock what they read.
      ({ server, engine: 'mysql', oneMoment: 'begin' } as const),
);

describe.concurrent.each(lagging)('a $engine database that goes back in time', ({ server, engine, oneMoment }) => {
  it('as a standby that lagged does when it is promoted, has slots claimed again under their old ids, and no task runs twice (SI-7)', async (context) => {
    const nodes = await openSchedulers(engine, context);
    const past = pastOf(server.world(), nodes.database.options.tablePrefix, oneMoment);
    context.onTestFinished(() => past.drop());
    await Promise.all(['a', 'b'].map((name) => nodes.node(name)));
    const first = (await nodes.now()) + 3_000;
    const schedules = await nodes.every({ count: 10, every: 250, first, spread: 5, last: first + 10_000 });
    const submitted = async () => (await nodes.firings(schedules)).filter(({ state }) => state === 'submitted').length;
    await vi.waitFor(async () => expect(await submitted()).toBeGreaterThan(20), SOON);
    await past.remember();
    const known = await submitted();
    await vi.waitFor(async () => expect(await submitted()).toBeGreaterThan(known + 20), SOON);
    await past.goBack();
    const { nextRuns: _wentBack, ...history } = await nodes.end(schedules, 40_000);
    expect(faultsOf({ ...history, latest: 40_000 })).toEqual([]);
    const pushed = nodes.ledger().filter(({ event }) => event === 'pushed');
    expect(pushed.length).toBeGreaterThan(history.firings.length);
  }, 120_000);
});

/** A copy of the tables as they are at one moment, and the way back to it. */
function pastOf({ query }: { query(text: string): Promise<unknown> }, prefix: string, oneMoment: string) {
  const tables = ['schedules', 'firings'].map((name) => ({ present: prefix + name, past: `${prefix}old_${name}` }));
  const each = (statement: (present: string, past: string) => string): string =>
    tables.map(({ present, past }) => statement(present, past)).join('; ');
  return {
    async remember(): Promise<void> {
      await query(each((present, past) => `create table ${past} as select * from ${present} where 1 = 0`));
      // One transaction, in which no claim is half seen.
      await query(`${oneMoment}; ${each((present, past) => `insert into ${past} select * from ${present}`)}; commit`);
    },
    async goBack(): Promise<void> {
      const back = each((present, past) => `delete from ${present}; insert into ${present} select * from ${past}`);
      // A claim may come in between, which the server refuses.
      await vi.waitFor(() => query(`${oneMoment}; ${back}; commit`), SOON);
    },
    async drop(): Promise<void> {
      await query(each((_present, past) => `drop table if exists ${past}`));
    },
  };
}
