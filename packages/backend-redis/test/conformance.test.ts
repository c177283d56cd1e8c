import { describeBroker, describeResultBackend, describeTaskStore } from '@flowrra/core/conformance';
import { describe, it } from 'vitest';
import { createBackendWorld, createBrokerWorld, createFusedWorld, createSplitWorld } from './worlds.js';

describe('RedisBackend', () => describeResultBackend({ describe, it }, { create: createBackendWorld }));

describe('RedisBroker', () => describeBroker({ describe, it }, { create: createBrokerWorld }));

describe('RedisBroker and RedisBackend as one', () =>
  describeTaskStore({ describe, it }, { create: createFusedWorld }));

describe('RedisBroker with results in memory', () =>
  describeTaskStore({ describe, it }, { create: createSplitWorld('memory'), without: ['second'] }));

describe('RedisBroker with results in another database', () =>
  describeTaskStore({ describe, it }, { create: createSplitWorld('other database') }));
