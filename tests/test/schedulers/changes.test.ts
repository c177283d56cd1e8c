import { defineSchedule } from '@flowrra/scheduler';
import { describe, expect, it, vi } from 'vitest';
import { ENGINES } from '../../support/databases.js';
import { openSchedulers, tick } from '../../support/schedulers.js';
import { faultsOf, intervalSlots } from '../../support/slot-history.js';

const SOON = { timeout: 30_000, interval: 50 };
/** How soon a node knows what another process changed: 5 s by the promise, 1 s for a busy machine. */
const NOTICED = 6_000;

describe.concurrent.each(ENGINES)('what another process changes on %s', (engine) => {
  it('takes effect within 5 s, and for a schedule that it disabled or removed at once (SC-10, SI-6)', async (context) => {
    const nodes = await openSchedulers(engine, context);
    await Promise.all([nodes.node('a'), nodes.node('b')]);
    // Nothing is stored: the nodes sleep.
    const every = 500;
    const createdAt = await nodes.now();
    const startAt = new Date(createdAt - 10_000);
    const ids = ['control', 'disabled', 'removed'] as const;
    await nodes.scheduler.apply(
      ids.map((id) => defineSchedule({ id, task: tick, every, startAt })),
      { owner: 'test' },
    );
    const created = await Promise.all(ids.map((id) => nodes.scheduler.get(id)));
    // Registered late in a slot or early in the next one: the first slot is the one after it.
    const firstAfter = (instant: number): Date =>
      new Date(startAt.getTime() + Math.floor((instant - startAt.getTime()) / every + 1) * every);
    const slotsOf = async (id: string) => (await nodes.firings([{ id, slots: [] }])).map(({ slot }) => slot.getTime());
    const firesUntil = (id: string, instant: number) =>
      vi.waitFor(async () => expect(Math.max(...(await slotsOf(id)))).toBeGreaterThan(instant), SOON);
    await Promise.all(ids.map((id) => firesUntil(id, createdAt + 2_000)));

    await nodes.scheduler.disable('disabled');
    const disabledAt = await nodes.now();
    await firesUntil('control', disabledAt + 1_000);
    await nodes.scheduler.unschedule('removed');
    const removedAt = await nodes.now();
    await firesUntil('control', removedAt + 1_000);
    await nodes.scheduler.unschedule('control');

    const endedAt = { control: undefined, disabled: disabledAt, removed: removedAt };
    const schedules = await Promise.all(
      ids.map(async (id, index) => {
        const first = firstAfter(Number(created[index]?.createdAt));
        const slots = intervalSlots(first, every, new Date(Math.max(...(await slotsOf(id)))));
        return { id, slots, endedAt: endedAt[id] };
      }),
    );
    const history = await nodes.end(schedules, 30_000);
    expect(faultsOf({ ...history, latest: NOTICED })).toEqual([]);
  });

  it('is not run when it was disabled for long, but from the first slot after it is enabled (SC-11)', async (context) => {
    const nodes = await openSchedulers(engine, context);
    await nodes.node('a');
    await nodes.scheduler.schedule({ id: 'job', task: tick, every: 300, startAt: new Date(0), enabled: false });
    await nodes.scheduler.enable('job');
    const enabledAt = await nodes.now();
    const firings = await vi.waitFor(async () => {
      const rows = await nodes.firings([{ id: 'job', slots: [] }]);
      expect(rows.length).toBeGreaterThan(2);
      return rows;
    }, SOON);
    // The store's clock was read before the write that enables.
    const firstSlot = Math.min(...firings.map(({ slot }) => slot.getTime()));
    expect(firstSlot).toBeGreaterThan(enabledAt - 1_000);
    expect(firings.filter(({ kind }) => kind !== 'slot')).toEqual([]);
  });
});
