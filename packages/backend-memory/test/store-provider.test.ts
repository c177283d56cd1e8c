import { implementsContract } from '@flowrra/core';
import { describe, expect, it } from 'vitest';
import { InMemoryBackend, InMemoryBroker, storeProvider } from '../src/index.js';

describe('storeProvider', () => {
  it('makes the memory pair with its options', () => {
    const backend = storeProvider.createBackend(null, { ttl: '1h' });
    const broker = storeProvider.createBroker?.(null, { maxQueueSize: 5 });
    expect(backend).toBeInstanceOf(InMemoryBackend);
    expect(broker).toBeInstanceOf(InMemoryBroker);
    expect(implementsContract(backend, 'result-backend@1')).toBe(true);
    expect(implementsContract(broker, 'broker@1')).toBe(true);
  });

  it('takes the key prefix of an app that uses Redis elsewhere', () => {
    expect(storeProvider.createBackend(null, { keyPrefix: 'shop' })).toBeInstanceOf(InMemoryBackend);
    expect(storeProvider.createBroker?.(null, { keyPrefix: 'shop' })).toBeInstanceOf(InMemoryBroker);
  });

  it('refuses an address and options that it does not have', () => {
    const { createBackend, createBroker } = storeProvider;
    expect(() => createBackend('memory://host', {})).toThrow(expect.objectContaining({ code: 'INVALID_URL' }));
    expect(() => createBroker?.('memory://host', {})).toThrow(expect.objectContaining({ code: 'INVALID_URL' }));
    expect(() => createBackend(null, { maxQueueSize: 5 })).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
    expect(() => createBroker?.(null, { ttl: 5 })).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG' }));
  });
});
