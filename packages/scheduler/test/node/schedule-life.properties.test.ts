import type { CatchUp } from '@flowrra/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CATCH_UP_GRACE } from '../../src/firing/decide-slots.js';
import { Scheduler } from '../../src/scheduler.js';
import { HOUR, MINUTE, SECOND, START, setup, type World } from './setup.js';

/** Nodes serve together what is closer than 25 ms. Here nothing is, so that each slot comes on its own. */
const GRAIN = 100;
const instants = (min: number, max: number) =>
  fc.integer({ min: min / GRAIN, max: max / GRAIN }).map((grains) => grains * GRAIN);

type Timing =
  | { readonly kind: 'every'; readonly step: number }
  | { readonly kind: 'cron'; readonly minutes: number }
  | { readonly kind: 'at'; readonly after: number };

/** What somebody registers; instants in milliseconds from the start of the clock. */
interface Definition {
  readonly timing: Timing;
  readonly startAfter: number | null;
  readonly endAfter: number | null;
  readonly maxRuns: number | null;
  readonly catchUp: CatchUp;
  readonly overlap: 'allow' | 'skip';
}

type Operation =
  | { readonly do: 'register'; readonly changes: Partial<Definition> }
  | { readonly do: 'enable' | 'disable' | 'trigger' }
  | { readonly do: 'wait'; readonly ms: number }
  /** A node comes, stays for some slots, and goes away. */
  | { readonly do: 'serve'; readonly steps: number };

const timings: fc.Arbitrary<Timing> = fc.oneof(
  fc.record({ kind: fc.constant('every' as const), step: instants(SECOND, HOUR) }),
  fc.record({ kind: fc.constant('cron' as const), minutes: fc.constantFrom(1, 5, 20, 30) }),
  fc.record({ kind: fc.constant('at' as const), after: instants(-HOUR, 6 * HOUR) }),
  // Few dates, so that one comes back after another.
  fc.record({ kind: fc.constant('at' as const), after: fc.constantFrom(-HOUR, 0, HOUR) }),
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const definitions: fc.Arbitrary<Definition> = fc.record({
  timing: timings,
  startAfter: optional(instants(-HOUR, 2 * HOUR)),
  endAfter: optional(instants(0, 8 * HOUR)),
  maxRuns: optional(fc.integer({ min: 1, max: 12 })),
  catchUp: fc.oneof(
    fc.constantFrom<CatchUp>('latest', 'skip'),
    fc.integer({ min: 1, max: 9 }).map((all) => ({ all })),
  ),
  overlap: fc.constantFrom('allow' as const, 'skip' as const),
});
const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    definitions
      .chain((whole) => fc.subarray(Object.entries(whole), { minLength: 1 }))
      .map((changes) => ({ do: 'register' as const, changes: Object.fromEntries(changes) as Partial<Definition> })),
    fc.record({ do: fc.constantFrom('enable' as const, 'disable' as const, 'trigger' as const) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.oneof(instants(0, 90 * SECOND), instants(0, 2 * HOUR)) }),
    fc.record({ do: fc.constant('serve' as const), steps: fc.integer({ min: 0, max: 4 }) }),
    fc.record({ do: fc.constant('serve' as const), steps: fc.integer({ min: 0, max: 4 }) }),
  ),
  { minLength: 3, maxLength: 25 },
);

/** The slots by plain arithmetic: `first + k * step`, up to `last`; of a date, one. Creation is at the start. */
function gridOf({ timing, startAfter, endAfter }: Definition): { first: number; step: number; last: number } {
  const last = endAfter ?? Number.POSITIVE_INFINITY;
  if (timing.kind === 'at') return { first: timing.after, step: Number.POSITIVE_INFINITY, last };
  if (timing.kind === 'every') return { first: startAfter ?? timing.step, step: timing.step, last };
  const step = timing.minutes * MINUTE;
  return { first: startAfter === null ? 0 : Math.ceil(startAfter / step) * step, step, last };
}

function nextAfter(definition: Definition, after: number): number | null {
  const { first, step, last } = gridOf(definition);
  const slot = after < first ? first : first + (Math.floor((after - first) / step) + 1) * step;
  return slot <= last && Number.isFinite(slot) ? slot : null;
}

type Fate = 'ran' | 'skipped' | 'passed over';

const newest = <T>(list: readonly T[], count: number): readonly T[] => list.slice(Math.max(0, list.length - count));

/** What the design says becomes of a schedule, in its own words and with a list of every slot. */
class Model {
  enabled = true;
  nextRun: number | null;
  runCount = 0;
  lastRun: number | null = null;
  /** Every slot that was judged. */
  readonly fates = new Map<number, Fate>();

  constructor(public definition: Definition) {
    this.nextRun = this.#firstRun(0);
  }

  register(after: Definition, now: number): void {
    const before = this.definition;
    const sameTiming = JSON.stringify(before.timing) === JSON.stringify(after.timing);
    const movesSlots = !sameTiming || (after.timing.kind !== 'at' && before.startAfter !== after.startAfter);
    const changes = JSON.stringify(before) !== JSON.stringify(after);
    this.definition = after;
    if (!this.enabled || !changes) return;
    if (movesSlots) this.nextRun = this.#firstRun(now);
    else if (this.nextRun === null) this.nextRun = this.#runAfter(now);
    else if (this.#left() === 0 || this.nextRun > (after.endAfter ?? Number.POSITIVE_INFINITY)) this.nextRun = null;
  }

  enable(now: number): void {
    if (!this.enabled) this.nextRun = this.#runAfter(now);
    this.enabled = true;
  }

  disable(): void {
    this.enabled = false;
    this.nextRun = null;
  }

  /** A node is there from `from` to `to`: it finds a backlog, and then serves each slot when it comes. */
  serve(from: number, to: number): void {
    while (this.nextRun !== null && this.nextRun <= to) this.#judge(this.nextRun, Math.max(from, this.nextRun));
  }

  #judge(oldest: number, now: number): void {
    const due: number[] = [];
    for (let slot: number | null = oldest; slot !== null && slot <= now; slot = nextAfter(this.definition, slot)) {
      due.push(slot);
    }
    const { catchUp, overlap } = this.definition;
    const most = catchUp === 'latest' ? 1 : catchUp === 'skip' ? 0 : catchUp.all;
    const called = newest(due, now - oldest < CATCH_UP_GRACE ? due.length : most);
    // Nobody executes tasks here: once one is enqueued, it is live.
    const running = overlap === 'skip' ? called.slice(0, this.runCount > 0 ? 0 : 1) : newest(called, this.#left());
    for (const slot of due) {
      const known = this.fates.get(slot);
      if (known === 'ran' || known === 'skipped') continue;
      if (running.includes(slot)) {
        this.runCount++;
        this.lastRun = slot;
      }
      const skipped = overlap === 'skip' && called.includes(slot) ? 'skipped' : 'passed over';
      this.fates.set(slot, running.includes(slot) ? 'ran' : skipped);
    }
    this.nextRun = this.#runAfter(now);
  }

  #left(): number {
    const { maxRuns } = this.definition;
    return maxRuns === null ? Number.POSITIVE_INFINITY : Math.max(0, maxRuns - this.runCount);
  }

  #firstRun(now: number): number | null {
    const { timing } = this.definition;
    if (timing.kind !== 'at') return this.#runAfter(now);
    return this.#left() === 0 || timing.after === this.lastRun ? null : timing.after;
  }

  #runAfter(now: number): number | null {
    return this.#left() === 0 ? null : nextAfter(this.definition, now);
  }
}

/** The definition as it would be taken: a window that holds a slot, and none for a date. */
function sound(definition: Definition): Definition {
  if (definition.timing.kind === 'at') return { ...definition, startAfter: null, endAfter: null };
  const { startAfter, endAfter } = definition;
  if (startAfter === null || endAfter === null) return definition;
  const { first, last } = gridOf(definition);
  return startAfter >= endAfter || first > last ? { ...definition, endAfter: null } : definition;
}

async function register(scheduler: Scheduler, definition: Definition): Promise<void> {
  const { timing, startAfter, endAfter, maxRuns, catchUp, overlap } = definition;
  const at = (ms: number | null) => (ms === null ? undefined : new Date(START + ms));
  const limits = { startAt: at(startAfter), endAt: at(endAfter), maxRuns: maxRuns ?? undefined, catchUp, overlap };
  const options = { id: 's', task: 'tick', args: ['s'], ...limits };
  if (timing.kind === 'every') await scheduler.schedule({ ...options, every: timing.step });
  else if (timing.kind === 'cron') await scheduler.schedule({ ...options, cron: `*/${timing.minutes} * * * *` });
  else await scheduler.schedule({ ...options, at: new Date(START + timing.after) });
}

async function serve({ node, clock }: World, ms: number): Promise<void> {
  const guest = node();
  await guest.start();
  await clock.advance(ms);
  const stopped = guest.stop({ grace: 0 });
  await clock.advance(0);
  await stopped;
}

/** Does the operations to both, and compares what is stored after each. */
async function live(world: World, first: Definition, todo: readonly Operation[]) {
  const { app, backend, clock } = world;
  const scheduler = new Scheduler(app, { backend });
  const model = new Model(first);
  await register(scheduler, first);
  let triggers = 0;
  let dates = first.timing.kind === 'at';
  for (const operation of todo) {
    const now = clock.now() - START;
    switch (operation.do) {
      case 'register': {
        const definition = sound({ ...model.definition, ...operation.changes });
        dates ||= definition.timing.kind === 'at';
        model.register(definition, now);
        await register(scheduler, definition);
        break;
      }
      case 'enable':
        model.enable(now);
        await scheduler.enable('s');
        break;
      case 'disable':
        model.disable();
        await scheduler.disable('s');
        break;
      case 'trigger':
        triggers++;
        await scheduler.trigger('s');
        break;
      case 'wait':
        await clock.advance(operation.ms);
        break;
      case 'serve': {
        const ms = operation.steps * Math.min(gridOf(model.definition).step, HOUR);
        model.serve(now, now + ms);
        await serve(world, ms);
        break;
      }
    }
    const { nextRun, runCount } = await world.row('s');
    expect({ nextRun: nextRun && nextRun.getTime() - START, runCount }, JSON.stringify(operation)).toEqual({
      nextRun: model.nextRun,
      runCount: model.runCount,
    });
  }
  return { model, triggers, dates };
}

it('whatever is registered, switched, triggered and missed, each slot is judged once, and runs as it may (SI-1, SI-2, SI-5)', async () => {
  await fc.assert(
    fc.asyncProperty(definitions.map(sound), operations, async (first, todo) => {
      const world = await setup();
      const { model, triggers, dates } = await live(world, first, todo);

      const ran = [...model.fates].filter(([, fate]) => fate === 'ran').map(([slot]) => slot);
      expect(await world.enqueued('s')).toEqual(expect.arrayContaining(ran));
      const ids = world.broker.taken.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toHaveLength(ran.length + triggers);
      const firings = await world.backend.listFirings('s', { limit: 1_000 });
      const judged = firings.filter(({ kind }) => kind !== 'manual').reduce((sum, { count }) => sum + count, 0);
      // A date that was passed over may be registered again, and then run.
      if (!dates) expect(judged).toBe(model.fates.size);
      await world.stop();
    }),
    { numRuns: 150 },
  );
});
