import type { StoreProvider } from '@flowrra/core';
import { InvalidUrlError } from '@flowrra/core';
import { InMemoryBackend } from './in-memory-backend.js';
import { InMemoryBroker } from './in-memory-broker.js';

export { InMemoryBackend, type InMemoryBackendOptions } from './in-memory-backend.js';
export { InMemoryBroker, type InMemoryBrokerOptions } from './in-memory-broker.js';

/** How `getBackend(null)`, `getBroker(null)` and an app without a `url` come to memory. */
export const storeProvider: StoreProvider = {
  createBackend: (url, options) => new InMemoryBackend(ownOptions(url, options)),
  createBroker: (url, options) => new InMemoryBroker(ownOptions(url, options)),
};

/** A key prefix keeps apps apart that share a server; in memory every instance is apart already. */
function ownOptions(url: string | null, options: Record<string, unknown>): Record<string, unknown> {
  if (url !== null) throw new InvalidUrlError('Memory has no address: leave the url out, or pass null.');
  const { keyPrefix: _keyPrefix, ...own } = options;
  return own;
}
