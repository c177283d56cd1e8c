import { type PrivateServer, startMariadb, startPostgres, startRedis } from '@flowrra/testing-servers';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, vi } from 'vitest';
import { ENGINES } from '../../support/databases.js';
import { openSchedulers } from '../../support/schedulers.js';
import { faultsOf } from '../../support/slot-history.js';

const SOON = { timeout: 30_000, interval: 100 };

const databases: readonly (readonly ['postgresql' | 'mysql', () => Promise<PrivateServer>])[] = [
  ['postgresql', () => startPostgres({ durable: true, password: 'secret' })],
  ['mysql', () => startMariadb({ durable: true, password: 'secret' })],
];

describe.concurrent.each(databases)('a %s server that is killed', (engine, start) => {
  it('is said to be away, and served again without a restart when it is back; no slot is lost (SC-15, SC-16, DA-08)', async (context) => {
    const server = await start();
    context.onTestFinished(() => server.stop());
    const nodes = await openSchedulers(engine, context, { databaseUrl: server.url });
    const first = (await nodes.now()) + 3_000;
    const schedules = await nodes.every({ count: 20, every: 1_000, first, last: first + 13_000 });
    const both = await Promise.all([nodes.node('a'), nodes.node('b')]);
    const ran = () => nodes.ledger().filter(({ event }) => event === 'ran').length;
    await vi.waitFor(() => expect(ran()).toBeGreaterThan(40), SOON);
    await server.kill();
    for (const node of both) {
      const away = { firing: false, error: expect.stringMatching(/StoreUnavailable/) };
      await vi.waitFor(async () => expect(await node.health()).toEqual(away), SOON);
      expect((await node.health()).error).not.toContain('secret');
    }
    await server.restart();
    for (const node of both)
      await vi.waitFor(async () => expect(await node.health()).toEqual({ firing: true, error: null }), SOON);
    const history = await nodes.end(schedules, 40_000);
    expect(faultsOf({ ...history, latest: 40_000 })).toEqual([]);
    for (const node of both) node.kill('SIGTERM');
    for (const node of both) expect(await node.exited()).toEqual({ code: 0, signal: null });
    const complaints = nodes.ledger().filter(({ message }) => message?.startsWith('schedules could not be served'));
    expect(complaints.map(({ node }) => node).toSorted()).toEqual(['a', 'b']);
  }, 120_000);
});

describe.concurrent('a SQLite file that somebody keeps locked', () => {
  it('is said to be away, and served again once it is free; no slot is lost (SC-15)', async (context) => {
    const nodes = await openSchedulers('sqlite', context);
    const first = (await nodes.now()) + 3_000;
    const schedules = await nodes.every({ count: 20, every: 1_000, first, last: first + 15_000 });
    const both = await Promise.all([nodes.node('a'), nodes.node('b')]);
    const ran = () => nodes.ledger().filter(({ event }) => event === 'ran').length;
    await vi.waitFor(() => expect(ran()).toBeGreaterThan(20), SOON);
    const somebody = new Sqlite(nodes.database.url.replace('sqlite://', ''));
    context.onTestFinished(() => void somebody.close());
    somebody.exec('begin immediate');
    // A write is given up after ten seconds.
    for (const node of both)
      await vi.waitFor(async () => expect((await node.health()).error).toMatch(/locked by somebody else/), SOON);
    somebody.exec('rollback');
    for (const node of both)
      await vi.waitFor(async () => expect(await node.health()).toEqual({ firing: true, error: null }), SOON);
    const history = await nodes.end(schedules, 60_000);
    expect(faultsOf({ ...history, latest: 60_000 })).toEqual([]);
  }, 120_000);
});

describe.concurrent.each(ENGINES)('a Redis that is killed, with schedules on %s', (engine) => {
  it('holds up claims for ten seconds; then every slot is enqueued once (SC-14)', async (context) => {
    const redis = await startRedis({ appendonly: true, appendfsync: 'always' });
    context.onTestFinished(() => redis.stop());
    const nodes = await openSchedulers(engine, context, { redisUrl: redis.url });
    const first = (await nodes.now()) + 3_000;
    const schedules = await nodes.every({ count: 20, every: 1_000, first, last: first + 14_000 });
    const both = await Promise.all([nodes.node('a'), nodes.node('b')]);
    const ran = () => nodes.ledger().filter(({ event }) => event === 'ran').length;
    await vi.waitFor(() => expect(ran()).toBeGreaterThan(20), SOON);
    await redis.kill();
    const downAt = await nodes.now();
    for (const node of both) await vi.waitFor(async () => expect((await node.health()).error).toMatch(/Redis/), SOON);
    await vi.waitFor(async () => expect(await nodes.now()).toBeGreaterThan(downAt + 10_000), SOON);
    const upAt = await nodes.now();
    await redis.restart();
    const history = await nodes.end(schedules, 60_000);
    // A task that ran and was not acknowledged when Redis went is delivered again.
    expect(faultsOf({ ...history, latest: 60_000, redelivered: true })).toEqual([]);
    // A push is given up after 2 s; from then on nothing is claimed.
    const claimedMeanwhile = history.firings.filter(
      ({ claimedAt }) => claimedAt.getTime() > downAt + 5_000 && claimedAt.getTime() < upAt,
    );
    expect(claimedMeanwhile).toEqual([]);
    await vi.waitFor(async () => expect(await both[0]?.health()).toEqual({ firing: true, error: null }), SOON);
  }, 120_000);
});
