import { describe, expect, it } from 'vitest';
import { configFromEnv } from '../src/config-from-env.js';
import { resolveConfig } from '../src/resolve-config.js';

const targets = (config: Parameters<typeof resolveConfig>[0]) => {
  const { backend, broker, brokerFollowsBackend } = resolveConfig(config);
  return { backend: backend.target, broker: broker.target, brokerFollowsBackend };
};

describe('where results and messages go', () => {
  it('is memory for both without an address', () => {
    expect(targets({})).toEqual({ backend: null, broker: null, brokerFollowsBackend: true });
  });

  it('is the pair behind url', () => {
    expect(targets({ url: 'redis://a' })).toMatchObject({ backend: 'redis://a', broker: 'redis://a' });
  });

  it('is the same pair when only one half has an address', () => {
    expect(targets({ backend: { url: 'redis://a' } })).toMatchObject({ backend: 'redis://a', broker: 'redis://a' });
    expect(targets({ broker: 'redis://a' })).toMatchObject({ backend: 'redis://a', broker: 'redis://a' });
  });

  it('is what each half says, null being memory', () => {
    expect(targets({ url: 'redis://a', backend: 'redis://b' })).toMatchObject({
      backend: 'redis://b',
      broker: 'redis://a',
    });
    expect(targets({ url: 'redis://a', backend: null })).toMatchObject({ backend: null, broker: 'redis://a' });
    expect(targets({ backend: 'redis://a', broker: null })).toMatchObject({
      backend: 'redis://a',
      broker: null,
      brokerFollowsBackend: false,
    });
  });

  it('hands options to the constructors', () => {
    const config = resolveConfig({
      keyPrefix: 'app1',
      backend: { ttl: '1h' },
      broker: { maxQueueSize: 5, options: { deadline: 100 } },
    });
    expect(config.backend.options).toEqual({ keyPrefix: 'app1', ttl: '1h' });
    expect(config.broker.options).toMatchObject({ keyPrefix: 'app1', maxQueueSize: 5, deadline: 100 });
  });
});

describe('queues', () => {
  it('have ten I/O slots each unless said otherwise', () => {
    expect(resolveConfig({ executor: { queues: ['a', 'b'] } }).queues.get('b')).toMatchObject({ ioWorkers: 10 });
  });

  it('may each have their own numbers', () => {
    const { queues } = resolveConfig({
      executor: { ioWorkers: 3, cpuWorkers: 2, queues: { mail: { ioWorkers: 1 }, images: { cpuWorkers: 0 } } },
    });
    expect([...queues]).toEqual([
      ['mail', { ioWorkers: 1, cpuWorkers: 2 }],
      ['images', { ioWorkers: 3, cpuWorkers: 0 }],
    ]);
  });
});

describe('a wrong option', () => {
  it.each([
    [{ ulr: 'redis://a' }, 'ulr'],
    [{ url: 5 }, 'url'],
    [{ url: new URL('redis://a') }, 'url'],
    [{ executor: { ioWorker: 4 } }, 'executor.ioWorker'],
    [{ executor: { ioWorkers: -1 } }, 'executor.ioWorkers'],
    [{ executor: { ioWorkers: 1.5 } }, 'executor.ioWorkers'],
    [{ executor: { queues: [] } }, 'executor.queues'],
    [{ executor: { queues: ['e mail'] } }, 'executor.queues'],
    [{ executor: { queues: { 'e mail': {} } } }, 'executor.queues'],
    [{ keyPrefix: 'a*' }, 'keyPrefix'],
    [{ executor: { lease: '30' } }, 'executor.lease'],
    [{ executor: { queues: { mail: { io: 1 } } } }, 'executor.queues.mail.io'],
    [{ backend: { tll: 5 } }, 'backend.tll'],
    [{ backend: { ttl: 'soon' } }, 'backend.ttl'],
    [{ backend: { url: 5 } }, 'backend.url'],
    [{ broker: { maxQueueSize: 0 } }, 'broker.maxQueueSize'],
    [{ broker: { maxCrashes: 0 } }, 'broker.maxCrashes'],
    [{ maxPayloadBytes: 0 }, 'maxPayloadBytes'],
  ])('%j is an error that names it', (config, option) => {
    expect(() => resolveConfig(config as never)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', option }));
  });
});

describe('configFromEnv', () => {
  it('reads FLOWRRA_ variables and leaves others alone', () => {
    expect(
      configFromEnv({
        FLOWRRA_URL: 'redis://a',
        FLOWRRA_IO_WORKERS: '4',
        FLOWRRA_LEASE: '10s',
        FLOWRRA_QUEUES: 'a, b',
        FLOWRRA_RESULT_TTL: '1h',
        PATH: '/bin',
      }),
    ).toEqual({
      url: 'redis://a',
      executor: { ioWorkers: 4, lease: '10s', queues: ['a', 'b'] },
      backend: { ttl: '1h' },
    });
  });

  it('is an empty configuration in an empty environment', () => {
    expect(configFromEnv({})).toEqual({});
  });

  it.each([
    [{ FLOWRRA_IO_WORKER: '4' }, 'FLOWRRA_IO_WORKER'],
    [{ FLOWRRA_IO_WORKERS: 'four' }, 'FLOWRRA_IO_WORKERS'],
    [{ FLOWRRA_LEASE: '10' }, 'FLOWRRA_LEASE'],
    [{ FLOWRRA_toString: 'x' }, 'FLOWRRA_toString'],
  ])('refuses %j by name', (env, option) => {
    expect(() => configFromEnv(env)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', option }));
  });
});

describe('a wrong value is named by its path', () => {
  it.each([
    ['executor.queues', { executor: { queues: null } }],
    ['executor.queues', { executor: { queues: 'mail' } }],
    ['executor.queues.mail.ioWorkers', { executor: { queues: { mail: { ioWorkers: -1 } } } }],
    ['executor.ioWorkers', { executor: { ioWorkers: -1, queues: ['mail'] } }],
    ['logger', { logger: { info: () => {} } }],
  ])('as %s', (option, config) => {
    expect(() => resolveConfig(config as never)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', option }));
  });
});
