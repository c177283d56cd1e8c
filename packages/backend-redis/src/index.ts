import type { StoreProvider } from '@flowrra/core';
import { RedisBackend } from './redis-backend.js';
import { RedisBroker } from './redis-broker.js';

export { RedisBackend, type RedisBackendOptions } from './redis-backend.js';
export { RedisBroker, type RedisBrokerOptions } from './redis-broker.js';

/** For core, which finds this package by the schemes `redis:`, `rediss:` and `unix:`. The stores check the options. */
export const storeProvider: StoreProvider = {
  createBackend: (url, options) => new RedisBackend(url ?? '', options),
  createBroker: (url, options) => new RedisBroker(url ?? '', options),
};
