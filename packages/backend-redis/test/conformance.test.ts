import { describeBroker, describeResultBackend } from '@flowrra/core/conformance';
import { describe, it } from 'vitest';
import { createBackendWorld, createBrokerWorld } from './worlds.js';

describe('RedisBackend', () => describeResultBackend({ describe, it }, { create: createBackendWorld }));

describe('RedisBroker', () => describeBroker({ describe, it }, { create: createBrokerWorld }));
