import type { Logger, NewMessage } from '@flowrra/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InMemoryBroker, type InMemoryBrokerOptions } from '../src/in-memory-broker.js';
import { CountingClock } from './worlds.js';

const logger: Logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };

function message(id: string, changes: Partial<NewMessage> = {}): NewMessage {
  const plain = { queue: 'default', lane: 'io' as const, priority: 0, runAt: null, expiresAt: null, remembered: false };
  return { id, ...plain, origin: null, payload: '{}', ...changes };
}

describe('InMemoryBroker', () => {
  let clock: CountingClock;
  let broker: InMemoryBroker;
  beforeEach(() => setup());
  afterEach(() => broker.close());

  async function setup(options: InMemoryBrokerOptions = {}): Promise<void> {
    clock = new CountingClock();
    broker = new InMemoryBroker(options);
    await broker.open({ clock, logger });
  }

  async function claim(changes: { leaseMs?: number; lane?: 'io' | 'cpu'; alone?: boolean } = {}): Promise<string[]> {
    const request = { queue: 'default', lane: 'io' as const, count: 10, worker: 'w', leaseMs: 600_000, alone: false };
    return (await broker.claim({ ...request, ...changes })).claims.map(({ lease }) => lease.id);
  }

  /** Whether a wait has ended, after everything that is due has happened. */
  function follow(signal = new AbortController().signal): { ended: boolean; result: Promise<unknown> } {
    const state = { ended: false, result: Promise.resolve() as Promise<unknown> };
    state.result = broker.waitForWork(['default'], { signal }).then(
      () => {
        state.ended = true;
      },
      (err: unknown) => err,
    );
    return state;
  }

  it('refuses options that it does not have, and values that make no sense', () => {
    const create = (options: object) => () => new InMemoryBroker(options);
    expect(create({ maxSize: 5 })).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', option: 'maxSize' }));
    for (const options of [{ maxQueueSize: 0 }, { maxCrashes: 1.5 }, { dedupeWindow: 'long' }]) {
      expect(create(options)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
    }
  });

  it('wakes who waits for work when a delayed message is due', async () => {
    await broker.push([message('later', { runAt: { after: 60_000 } })]);
    await claim();
    const wait = follow();
    await broker.push([message('sooner', { runAt: { after: 5_000 } })]);
    await clock.advance(4_999);
    expect(wait.ended).toBe(false);
    await clock.advance(1);
    await wait.result;
    expect(await claim()).toEqual(['sooner']);
    const next = follow();
    await clock.advance(55_000);
    await next.result;
    expect(await claim()).toEqual(['later']);
  });

  it('wakes who waits for work when a lease ends', async () => {
    await broker.push([message('a')]);
    await claim({ leaseMs: 2_000 });
    await claim();
    const wait = follow();
    await clock.advance(1_999);
    expect(wait.ended).toBe(false);
    await clock.advance(1);
    await wait.result;
    expect(await claim()).toEqual(['a']);
  });

  it('misses no work that comes between a claim and the wait', async () => {
    expect(await claim()).toEqual([]);
    await broker.push([message('a')]);
    await follow().result;
    expect(await claim()).toEqual(['a']);
    expect(await claim()).toEqual([]);
    const wait = follow();
    await clock.advance(0);
    expect(wait.ended).toBe(false);
  });

  it('lets nobody wake up again and again for work that he does not take', async () => {
    await broker.push([message('cpu', { lane: 'cpu' })]);
    await broker.pause('other');
    await broker.push([message('paused', { queue: 'other' })]);
    await follow().result;
    const wait = follow();
    await clock.advance(0);
    expect(wait.ended).toBe(false);
  });

  it('leaves neither timers nor listeners behind who wait for work', async () => {
    await broker.push([message('later', { runAt: { after: 60_000 } })]);
    await claim();
    const aborting = new AbortController();
    const waits = Array.from({ length: 5 }, () => follow(aborting.signal));
    expect(clock.keepsAlive).toBe(false);
    aborting.abort();
    for (const wait of waits) expect(await wait.result).toMatchObject({ code: 'WAIT_ABORTED' });
    await broker.close();
    expect(clock.runningTimers).toBe(0);
  });

  it('ends a wait for work when it is closed', async () => {
    const wait = follow();
    await broker.close();
    expect(await wait.result).toMatchObject({ code: 'STOPPED' });
    expect(await follow().result).toMatchObject({ code: 'STOPPED' });
  });

  it('suspects no message that never crashed, even when one crash is the limit', async () => {
    await setup({ maxCrashes: 1 });
    await broker.push([message('a'), message('b')]);
    expect(await claim()).toEqual(['a', 'b']);
  });

  it('logs a subscriber that fails, and tells the others', async () => {
    const heard: string[] = [];
    await broker.subscribe('news', () => {
      throw new Error('deaf');
    });
    await broker.subscribe('news', (text) => heard.push(text));
    await broker.publish('news', 'hello');
    expect(heard).toEqual(['hello']);
    expect(logger.error).toHaveBeenCalledWith(expect.objectContaining({ topic: 'news' }), expect.any(String));
  });

  it('forgets remembered ids when nobody pushes any more', async () => {
    await setup({ dedupeWindow: '1m' });
    await broker.push([message('a', { remembered: true })]);
    const { claims } = await broker.claim({
      queue: 'default',
      lane: 'io',
      count: 1,
      worker: 'w',
      leaseMs: 1_000,
      alone: false,
    });
    await broker.ack(claims.map(({ lease }) => ({ lease })));
    expect(clock.runningTimers).toBe(1);
    await clock.advance(60_000);
    expect(clock.runningTimers).toBe(0);
  });
});
