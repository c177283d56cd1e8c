import { describe, expect, it, vi } from 'vitest';
import { ENGINES } from '../../support/databases.js';
import { openSchedulers } from '../../support/schedulers.js';
import { faultsOf } from '../../support/slot-history.js';

const SOON = { timeout: 30_000, interval: 50 };

describe.concurrent.each(ENGINES)('a scheduler node on %s', (engine) => {
  it('that is killed after its commit and before its push loses no slot: another one pushes it within seconds (SC-02)', async (context) => {
    const nodes = await openSchedulers(engine, context);
    const schedules = await nodes.once(20, await nodes.now());
    const victim = await nodes.node('victim', { executes: false, dies: { when: 'before', push: 1 } });
    expect(await victim.exited()).toEqual({ code: null, signal: 'SIGKILL' });
    const left = (await nodes.firings(schedules)).filter(({ state }) => state === 'claimed');
    expect(left).toHaveLength(20);
    expect(nodes.ledger().filter(({ event }) => event === 'pushed')).toEqual([]);
    await nodes.node('heir');
    const history = await nodes.end(schedules, 30_000);
    expect(faultsOf({ ...history, latest: 30_000 })).toEqual([]);
    const inherited = history.firings.filter(({ node }) => node === 'victim');
    expect(inherited.map(({ id }) => id).toSorted()).toEqual(left.map(({ id }) => id).toSorted());
  });

  it('that is killed after its push and before the mark leads to no second task, though the first one has finished (SC-03)', async (context) => {
    const nodes = await openSchedulers(engine, context);
    const schedules = await nodes.once(20, await nodes.now());
    const victim = await nodes.node('victim', { executes: false, dies: { when: 'after', push: 20 } });
    expect(await victim.exited()).toEqual({ code: null, signal: 'SIGKILL' });
    const left = (await nodes.firings(schedules)).filter(({ state }) => state === 'claimed');
    expect(left).toHaveLength(20);
    await nodes.node('worker', { schedules: false });
    await vi.waitFor(() => {
      const ran = nodes.ledger().filter(({ event }) => event === 'ran');
      expect(ran.map(({ id }) => id).toSorted()).toEqual(left.map(({ id }) => id).toSorted());
    }, SOON);
    await nodes.node('heir', { executes: false });
    const history = await nodes.end(schedules, 30_000);
    expect(faultsOf({ ...history, latest: 30_000 })).toEqual([]);
    const pushedAgain = nodes.ledger().filter(({ event, node }) => event === 'pushed' && node === 'heir');
    expect(pushedAgain.map(({ id }) => id)).toEqual(expect.arrayContaining(left.map(({ id }) => id)));
  });

  it('that is killed in the middle of its pushes leaves a living one, which finishes them within seconds (SC-02, SC-03)', async (context) => {
    const nodes = await openSchedulers(engine, context);
    await nodes.node('worker', { schedules: false });
    // The heir lives, but leaves the first claim to the victim.
    const heir = await nodes.node('heir', { executes: false });
    heir.kill('SIGSTOP');
    const first = (await nodes.now()) + 2_000;
    const schedules = await nodes.every({ count: 20, every: 1_000, first, last: first + 3_000 });
    const victim = await nodes.node('victim', { executes: false, dies: { when: 'after', push: 8 } });
    expect(await victim.exited()).toEqual({ code: null, signal: 'SIGKILL' });
    heir.kill('SIGCONT');
    const history = await nodes.end(schedules, 30_000);
    expect(faultsOf({ ...history, latest: 30_000 })).toEqual([]);
    expect(new Set(history.firings.map(({ node }) => node))).toContain('victim');
    const toPush = history.firings.map(({ submittedAt, claimedAt }) => Number(submittedAt) - claimedAt.getTime());
    // 5 s by the promise, a poll of 1 s, and 2 s for a busy machine.
    expect(Math.max(...toPush)).toBeLessThan(8_000);
  });

  it('that is told to stop finishes what it claimed and exits with 0, one after the other (SH-01)', async (context) => {
    const nodes = await openSchedulers(engine, context);
    await nodes.node('worker', { schedules: false });
    const names = ['a', 'b', 'c'];
    const serving = new Map(
      await Promise.all(names.map(async (name) => [name, await nodes.node(name, { executes: false })] as const)),
    );
    const first = (await nodes.now()) + 1_000;
    const schedules = await nodes.every({ count: 20, every: 200, first, spread: 7, last: first + 9_000 });
    for (const _stop of [1, 2]) {
      const seen = nodes.ledger().length;
      const busy = await vi.waitFor(() => {
        const pushed = nodes
          .ledger()
          .slice(seen)
          .find(({ event }) => event === 'pushed');
        return pushed ? pushed.node : expect.unreachable('nobody pushes');
      }, SOON);
      serving.get(busy)?.kill('SIGTERM');
      expect(await serving.get(busy)?.exited()).toEqual({ code: 0, signal: null });
    }
    const history = await nodes.end(schedules, 30_000);
    expect(faultsOf({ ...history, latest: 10_000 })).toEqual([]);
    // Nobody had to push what another one claimed.
    const pushers = new Map(nodes.ledger().flatMap(({ event, id, node }) => (event === 'pushed' ? [[id, node]] : [])));
    const inherited = history.firings.filter(({ id, node }) => pushers.get(id) !== node);
    expect(inherited).toEqual([]);
  });

  it('that stands still for ten seconds is replaced, and enqueues nothing twice when it goes on (SI-1)', async (context) => {
    const nodes = await openSchedulers(engine, context);
    const first = (await nodes.now()) + 3_000;
    const schedules = await nodes.every({ count: 20, every: 500, first, spread: 7, last: first + 15_000 });
    const [frozen] = await Promise.all(['frozen', 'b', 'c'].map((name) => nodes.node(name)));
    const claimedBy = async (name: string) =>
      (await nodes.firings(schedules)).filter(({ node }) => node === name).map(({ slot }) => slot.getTime());
    await vi.waitFor(async () => expect(await claimedBy('frozen')).not.toEqual([]), SOON);
    frozen?.kill('SIGSTOP');
    const stoppedAt = await nodes.now();
    await vi.waitFor(async () => expect(await nodes.now()).toBeGreaterThan(stoppedAt + 10_000), SOON);
    frozen?.kill('SIGCONT');
    const history = await nodes.end(schedules, 30_000);
    expect(faultsOf({ ...history, latest: 15_000, redelivered: true })).toEqual([]);
  }, 60_000);
});
