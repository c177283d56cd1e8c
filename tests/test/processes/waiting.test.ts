import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { startNode } from '../../support/node-process.js';

describe.each(['memory', 'redis'])('a process that waits in vain on %s', (store) => {
  it('hears so in time, and ends by itself (RB-03)', async () => {
    const url = store === 'memory' ? null : inject('redisUrl');
    const waiter = await startNode('waiter.mjs', { url, timeout: 50 });
    onTestFinished(() => waiter.end());
    const { code, took } = (await waiter.ask({})) as { code: string; took: number };
    expect(code).toBe('WAIT_TIMEOUT');
    expect(took).toBeGreaterThanOrEqual(49);
    // The first connection is part of it.
    expect(took).toBeLessThan(3_000);
    expect(await waiter.exited()).toEqual({ code: 0, signal: null });
  });
});
