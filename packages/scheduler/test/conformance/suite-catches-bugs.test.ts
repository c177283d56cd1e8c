import { systemClock } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { describeSchedulerBackend, type SchedulerBackendNeed } from '../../src/conformance/index.js';
import { InMemorySchedulerBackend } from '../../src/in-memory/in-memory-scheduler-backend.js';
import { BROKEN_BY_DAMAGE } from './broken/broken-by-damage.js';
import { BROKEN_CLAIMING } from './broken/broken-claiming.js';
import { BROKEN_CORNERS } from './broken/broken-corners.js';
import { BROKEN_LEDGERS } from './broken/broken-ledgers.js';
import { BROKEN_STORING } from './broken/broken-storing.js';
import { DamageableBackend } from './damageable-backend.js';
import { createMemoryWorld } from './memory-world.js';
import { RecordingRunner } from './recording-runner.js';

function suite(
  Backend: new () => InMemorySchedulerBackend,
  without: readonly SchedulerBackendNeed[] = [],
): RecordingRunner {
  const runner = new RecordingRunner();
  describeSchedulerBackend(runner, { create: () => createMemoryWorld(new Backend()), without });
  return runner;
}

describe('describeSchedulerBackend', () => {
  it('finds nothing wrong with what is right', async () => {
    const runner = suite(DamageableBackend);
    expect(runner.names.length).toBeGreaterThan(90);
    expect(new Set(runner.names).size).toBe(runner.names.length);
    expect(await runner.run()).toEqual(new Map());
  });

  it('fails when a subject is said to be unable to do what it can', async () => {
    const failures = [...(await suite(DamageableBackend, ['claims', 'another', 'advance']).run()).keys()];
    for (const need of ['claims', 'another']) {
      expect(failures.some((name) => name.startsWith(`not checked without ${need}:`))).toBe(true);
    }
    expect(failures.filter((name) => !name.startsWith('not checked without'))).toEqual([]);
  });

  it('fails when a world lacks what the subject does not say that it lacks', async () => {
    const runner = new RecordingRunner();
    describeSchedulerBackend(runner, {
      without: ['damage'],
      create: () => createMemoryWorld(new InMemorySchedulerBackend(), systemClock),
    });
    const failures = await runner.run('reads nothing a millisecond before it is due (SC-08)');
    expect([...failures.values()].join()).toContain("The world has no advance(): add it, or list 'advance'");
  });

  const BROKEN = [...BROKEN_STORING, ...BROKEN_CLAIMING, ...BROKEN_LEDGERS, ...BROKEN_CORNERS, ...BROKEN_BY_DAMAGE];
  for (const [Backend, promise] of BROKEN) {
    it(`catches by "${promise}" a backend that ${asWords(Backend.name)}`, async () => {
      const runner = suite(Backend, Backend.prototype instanceof DamageableBackend ? [] : ['damage']);
      expect(runner.names).toContain(promise);
      expect([...(await runner.run(promise)).keys()]).toEqual([promise]);
    });
  }
});

function asWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();
}
