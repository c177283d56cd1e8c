import { createHash } from 'node:crypto';
import { describeBroker, describeResultBackend, describeTaskStore } from '@flowrra/core/conformance';
import { describe, expect, it, vi } from 'vitest';
import { checkDeclaredKeys } from './declared-keys.js';
import { setup } from './setup.js';
import { createBackendWorld, createBrokerWorld, createFusedWorld } from './worlds.js';

// Redis Cluster runs a script where its declared keys are: one that it uses without having declared it is out of reach.
vi.mock('../src/redis-scripts.js', async (original) => {
  const { SCRIPTS } = await original<typeof import('../src/redis-scripts.js')>();
  const checked = Object.entries(SCRIPTS).map(([name, script]) => {
    const text = checkDeclaredKeys(script.text);
    return [name, { name: script.name, text, sha: createHash('sha1').update(text).digest('hex') }];
  });
  return { SCRIPTS: Object.fromEntries(checked) };
});

describe('scripts that are stopped at the first key they did not declare', () => {
  describeResultBackend({ describe, it }, { create: createBackendWorld });
  describeBroker({ describe, it }, { create: createBrokerWorld });
  describeTaskStore({ describe, it }, { create: createFusedWorld });

  it('are stopped indeed', async () => {
    const { client, key } = setup();
    const script = checkDeclaredKeys("return redis.call('SET', KEYS[1] .. 'x', '1')");
    await expect(client.eval(script, 1, key('a'))).rejects.toThrow('not declared');
    expect(await client.eval(checkDeclaredKeys("return redis.call('GET', KEYS[1])"), 1, key('a'))).toBeNull();
  });
});
