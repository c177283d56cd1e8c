import { describeBroker, describeResultBackend, describeTaskStore } from '@flowrra/core/conformance';
import { describe, expect, it } from 'vitest';
import { BROKEN_BACKENDS } from './broken/broken-backends.js';
import { BROKEN_BROKERS } from './broken/broken-brokers.js';
import { asWords, BROKEN_STORES } from './broken/broken-stores.js';
import { RecordingRunner } from './recording-runner.js';
import {
  type BackendClass,
  type BrokerClass,
  createBackendWorld,
  createBrokerWorld,
  createStoreWorld,
} from './worlds.js';

function backendSuite(Backend?: BackendClass): RecordingRunner {
  const runner = new RecordingRunner();
  describeResultBackend(runner, {
    create: (settings) => createBackendWorld(settings, Backend),
    without: ['second', 'damage'],
  });
  return runner;
}

function brokerSuite(Broker?: BrokerClass): RecordingRunner {
  const runner = new RecordingRunner();
  describeBroker(runner, {
    create: (settings) => createBrokerWorld(settings, Broker),
    without: ['second', 'damage', 'loseLease', 'openClaims'],
  });
  return runner;
}

function storeSuite(Store?: (typeof BROKEN_STORES)[number][0]): RecordingRunner {
  const runner = new RecordingRunner();
  describeTaskStore(runner, { create: (settings) => createStoreWorld(settings, Store), without: ['second'] });
  return runner;
}

describe('The suites', () => {
  it('find nothing wrong with what is right', async () => {
    for (const suite of [backendSuite(), brokerSuite(), storeSuite()]) {
      expect(suite.names.length).toBeGreaterThan(40);
      expect(await suite.run()).toEqual(new Map());
    }
  });

  it('fail when a subject is said to be unable to do what it can', async () => {
    const runner = new RecordingRunner();
    describeResultBackend(runner, {
      create: (settings) => createBackendWorld(settings),
      without: ['second', 'damage', 'delete', 'ttl', 'neighbour'],
    });
    const failures = await runner.run();
    for (const need of ['delete', 'ttl', 'neighbour']) {
      expect([...failures.keys()].some((name) => name.startsWith(`not checked without ${need}:`))).toBe(true);
    }
    expect([...failures.keys()].filter((name) => !name.startsWith('not checked without'))).toEqual([]);
  });

  it('fail when a world lacks what the subject does not say that it lacks', async () => {
    const runner = new RecordingRunner();
    describeResultBackend(runner, { create: (settings) => createBackendWorld(settings), without: ['second'] });
    const failures = await runner.run('says which record is damaged, and reads the others (RB-08)');
    expect([...failures.values()].join()).toContain("The world has no damage(): add it, or list 'damage'");
  });

  for (const [Backend, promise] of BROKEN_BACKENDS) {
    it(`catch a backend that ${asWords(Backend.name)}`, () => catches(backendSuite(Backend), promise));
  }
  for (const [Broker, promise] of BROKEN_BROKERS) {
    it(`catch a broker that ${asWords(Broker.name)}`, () => catches(brokerSuite(Broker), promise));
  }
  for (const [Store, promise] of BROKEN_STORES) {
    it(`catch a store that ${asWords(Store.name)}`, () => catches(storeSuite(Store), promise));
  }
});

async function catches(suite: RecordingRunner, promise: string): Promise<void> {
  expect(suite.names).toContain(promise);
  expect([...(await suite.run(promise)).keys()]).toEqual([promise]);
}
