import assert from 'node:assert/strict';
import type { BaseSchedulerBackend, Firing, ScheduledTask, SlotDecision } from '@flowrra/core';
import type { ManualClock } from '@flowrra/core/testing';
import { sampleDecision, sampleSchedule } from '@flowrra/scheduler/conformance';
import { ClaimModel } from './claim-model.js';
import { type ClaimStep, IDS, type NodeName, type Verdict } from './claim-steps.js';

/** Two nodes on one store, by one clock. */
export interface ClaimWorld {
  readonly nodes: Readonly<Record<NodeName, BaseSchedulerBackend>>;
  readonly clock: ManualClock;
}

/** Does the steps to the store and to the model, fails at the first difference, and leaves the store empty. */
export async function checkClaimSteps(world: ClaimWorld, steps: readonly ClaimStep[]): Promise<void> {
  const run = new ClaimRun(world);
  try {
    for (const [i, one] of steps.entries()) {
      await run.does(one, i);
      await run.compares(one);
    }
  } finally {
    await run.empties();
  }
}

class ClaimRun {
  readonly #world: ClaimWorld;
  readonly #model: ClaimModel;
  readonly #read: Record<NodeName, readonly ScheduledTask[]> = { 'node-1': [], 'node-2': [] };
  /** Firings as they were claimed, which a node may mark at any later time. */
  readonly #claimed: Firing[] = [];

  constructor(world: ClaimWorld) {
    this.#world = world;
    this.#model = new ClaimModel(() => new Date(world.clock.now()));
  }

  async does(step: ClaimStep, serial: number): Promise<void> {
    const { nodes, clock } = this.#world;
    const [store, model] = [nodes['node-1'], this.#model];
    switch (step.do) {
      case 'create': {
        const task = sampleSchedule(step.id, { nextRun: this.#at(step.next), incarnation: `incarnation-${serial}` });
        return assert.equal(await succeeds(store.create(task), 'SCHEDULE_EXISTS'), model.create(task));
      }
      case 'edit': {
        const nextRun = step.next === null ? null : this.#at(step.next);
        const task = { ...(model.schedules.get(step.id) ?? sampleSchedule(step.id)), nextRun, enabled: step.enabled };
        return assert.equal(await succeeds(store.update(task), 'SCHEDULE_NOT_FOUND'), model.update(task));
      }
      case 'runTimes': {
        const times = [step.id, this.#at(0), this.#at(step.next)] as const;
        const updated = await succeeds(store.updateRunTimes(...times), 'SCHEDULE_NOT_FOUND');
        return assert.equal(updated, model.updateRunTimes(...times));
      }
      case 'delete':
        return assert.equal(await store.delete(step.id), model.delete(step.id));
      case 'read': {
        const { now, schedules } = await nodes[step.node].readDue({ limit: 10 });
        assert.deepEqual({ now, schedules }, { now: this.#at(0), schedules: model.due() });
        this.#read[step.node] = schedules;
        return;
      }
      case 'claim':
        return this.#claims(step.node, this.#decisions(step.node, step.verdict));
      case 'trigger': {
        const task = model.schedules.get(step.id) ?? sampleSchedule(step.id);
        return this.#claims(step.node, [byHand(task, this.#at(0))]);
      }
      case 'claimTogether':
        return this.#claimsTogether();
      case 'claimDuring':
        return this.#claimsDuring(step);
      case 'mark': {
        const firings = this.#claimed.slice(-step.count);
        const mark = { state: step.state, reason: `because of step ${serial}` };
        await nodes[step.node].markFirings(firings, mark);
        return model.mark(
          firings.map(({ id: firing }) => firing),
          mark,
        );
      }
      case 'unsubmitted': {
        const { olderThan, limit } = step;
        const found = await store.unsubmittedFirings({ olderThan, limit });
        return assert.deepEqual(found, model.unsubmitted(olderThan).slice(0, limit));
      }
      case 'advance':
        return clock.advance(step.seconds * 1_000);
    }
  }

  async #claims(node: NodeName, decisions: readonly SlotDecision[]): Promise<void> {
    const written = await this.#world.nodes[node].claimDue(decisions, { node });
    const expected = decisions.flatMap((decision) => this.#model.claim(decision, node) ?? []);
    assert.deepEqual(sorted(written), sorted(expected));
    this.#claimed.push(...written);
  }

  /** Both nodes at once: of each schedule one of them wins, as if they had come one after the other. */
  async #claimsTogether(): Promise<void> {
    const names = ['node-1', 'node-2'] as const;
    const decisions = names.map((name, i) => this.#decisions(name, i === 0 ? 'run' : 'skip'));
    const written = await Promise.all(
      names.map((node, i) => this.#world.nodes[node].claimDue(decisions[i] ?? [], { node })),
    );
    for (const [i, own] of decisions.entries()) {
      const other = decisions[1 - i] ?? [];
      for (const decision of own) {
        const isOfIt = ({ scheduleId }: { scheduleId: string }): boolean => scheduleId === decision.scheduleId;
        const [wrote, rivalWrote] = [written[i]?.some(isOfIt), written[1 - i]?.some(isOfIt)];
        const rival = other.find(isOfIt);
        // The winner is known by what it wrote; who wrote nothing may have come first only where there was nothing new.
        const wonByRival = rival && this.#model.isCurrent(rival) && rivalWrote;
        // A rival that is out of date writes nothing, but while it looks it holds the row, which others pass by.
        const passedBy = rival && !this.#model.isCurrent(rival) && !wrote;
        if (!wonByRival && !passedBy) this.#model.claim(decision, names[i] ?? 'node-1');
      }
    }
    assert.deepEqual(
      sorted(written.flat()),
      sorted(written.flat().flatMap(({ id: firing }) => this.#model.firings.get(firing) ?? [])),
    );
    assert.equal(new Set(written.flat().map(({ id: firing }) => firing)).size, written.flat().length, 'twice');
    this.#claimed.push(...written.flat());
  }

  /** A claim while somebody disables or removes one of the schedules: that one comes before or after it. */
  async #claimsDuring({ node, what, id: other }: Extract<ClaimStep, { do: 'claimDuring' }>): Promise<void> {
    const [store, model] = [this.#world.nodes[node === 'node-1' ? 'node-2' : 'node-1'], this.#model];
    const decisions = this.#decisions(node, 'run');
    const task = { ...(model.schedules.get(other) ?? sampleSchedule(other)), enabled: false, nextRun: null };
    const [written, changed] = await Promise.all([
      this.#world.nodes[node].claimDue(decisions, { node }),
      what === 'delete' ? store.delete(other) : succeeds(store.update(task), 'SCHEDULE_NOT_FOUND'),
    ]);
    const change = () => (what === 'delete' ? model.delete(other) : model.update(task));
    const claimedFirst = written.some(({ scheduleId }) => scheduleId === other);
    if (!claimedFirst) assert.equal(changed, change());
    const expected = decisions.flatMap((decision) => model.claim(decision, node) ?? []);
    if (claimedFirst) assert.equal(changed, change());
    assert.deepEqual(sorted(written), sorted(expected));
    this.#claimed.push(...written);
  }

  #decisions(node: NodeName, verdict: Verdict): SlotDecision[] {
    return this.#read[node].map((task) => decide(task, verdict));
  }

  async compares(step: ClaimStep): Promise<void> {
    const [store, model] = [this.#world.nodes['node-2'], this.#model];
    const [all, times, unsubmitted, ...ledgers] = await Promise.all([
      store.listAll(),
      store.dueTimes(),
      store.unsubmittedFirings({ olderThan: 0, limit: 1_000 }),
      ...IDS.map((one) => store.listFirings(one)),
    ]);
    const after = `after ${JSON.stringify(step)}`;
    assert.deepEqual(all, model.all(), after);
    const nextRuns = model.all().flatMap(({ enabled, nextRun }) => (enabled && nextRun ? Number(nextRun) : []));
    const claims = model.unsubmitted(0).map(({ firing }) => firing.claimedAt);
    const expected = { now: this.#at(0), nextRun: earliest(nextRuns), oldestClaim: earliest(claims.map(Number)) };
    assert.deepEqual(times, expected, after);
    assert.deepEqual(unsubmitted, model.unsubmitted(0), after);
    assert.deepEqual(
      ledgers,
      IDS.map((one) => model.ledgerOf(one)),
      after,
    );
  }

  async empties(): Promise<void> {
    const store = this.#world.nodes['node-1'];
    await store.clear();
    const left = await store.unsubmittedFirings({ olderThan: 0, limit: 1_000 });
    await store.markFirings(
      left.map(({ firing }) => firing),
      { state: 'skipped' },
    );
    await store.pruneFirings({ olderThan: 0, keep: 0 });
  }

  #at(seconds: number): Date {
    return new Date(this.#world.clock.now() + seconds * 1_000);
  }
}

/** The same row and verdict give the same decision on every node; it always moves the schedule on. */
function decide(task: ScheduledTask, verdict: Verdict): SlotDecision {
  const { firings, nextRun } = sampleDecision(task);
  const reason = verdict === 'skip' ? 'too late' : null;
  return sampleDecision(task, {
    nextRun: verdict === 'last' ? null : nextRun,
    error: verdict === 'last' ? 'No slot is left.' : null,
    firings: firings.map((firing) => ({ ...firing, state: verdict === 'skip' ? 'skipped' : 'claimed', reason })),
  });
}

/** A trigger by hand leaves the next run as it is. */
function byHand(task: ScheduledTask, slot: Date): SlotDecision {
  const [firing] = sampleDecision({ ...task, nextRun: slot }).firings;
  if (!firing) throw new Error('A schedule with a next run has a slot.');
  const id = `${firing.id}-by-hand`;
  return sampleDecision(task, { nextRun: task.nextRun, firings: [{ ...firing, id, kind: 'manual' }] });
}

function earliest(instants: readonly number[]): Date | null {
  return instants.length === 0 ? null : new Date(Math.min(...instants));
}

function sorted(firings: readonly Firing[]): Firing[] {
  return firings.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** False when it fails with that code. */
async function succeeds(calling: Promise<unknown>, code: string): Promise<boolean> {
  try {
    await calling;
    return true;
  } catch (err) {
    if ((err as { code?: unknown }).code === code) return false;
    throw err;
  }
}
