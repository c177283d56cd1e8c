import assert from 'node:assert/strict';
import type { TaskStoreModel } from '@flowrra/core/conformance';
import type { RedisWorld } from './worlds.js';

type Expected = Pick<TaskStoreModel, 'messages' | 'results'>;

/** What is left when nothing is held: names and counters that do not grow with what was done, and notes that expire. */
const LASTING = ['tasks', 'lanes', 'swept', 'sequence', 'held', 'foreign'];
const SEQUENCE_LENGTH = 16;
const DUE_LENGTH = 3;

/**
 * Whatever a fused store keeps belongs to a message that is held or to a result that is kept, and is where it belongs,
 * once (RI-6, BI-8). A sweep must have passed since time did.
 */
export async function inspectKeys(world: RedisWorld, { messages, results }: Expected): Promise<void> {
  const all = [...messages.values()];
  const running = idsOf(all.filter(({ state }) => state === 'running'));
  const dead = all.filter(({ state }) => state === 'dead');
  const live = idsOf(all.filter(({ state }) => state !== 'dead'));

  assert.deepEqual(await fields(world, 'tasks'), sorted(new Set([...live, ...results.keys()])), 'records');
  assert.deepEqual(await fields(world, 'active'), sorted(running), 'leases');
  assert.equal(Number((await world.client.get(world.key('held'))) ?? 0), running.length, 'the number of leases');
  assert.deepEqual(await fields(world, 'buried'), sorted(idsOf(dead)), 'dead letters');
  for (const status of ['success', 'failed', 'cancelled'] as const) {
    const ended = [...results].filter(([, result]) => result.status === status).map(([id]) => id);
    assert.deepEqual(await members(world, `status:${status}`), sorted(ended), `the set of ${status}`);
  }
  for (const status of ['pending', 'running', 'retrying'])
    for (const id of await members(world, `status:${status}`))
      assert.ok(live.includes(id) || results.get(id)?.status === status, `${id} is in the set of ${status}`);

  const queues = new Set(all.map(({ queue }) => queue));
  for (const queue of queues) {
    const buried = idsOf(dead.filter((one) => one.queue === queue));
    assert.deepEqual(await members(world, `dead|${queue}`), sorted(buried), `the dead letters of ${queue}`);
  }
  for (const lane of await world.client.smembers(world.key('lanes'))) {
    const waiting = all.filter(({ state }) => state === 'waiting' || state === 'delayed');
    const here = idsOf(waiting.filter((one) => `${one.queue}|${one.lane}` === lane));
    assert.deepEqual(sorted(await idsInLane(world, lane)), sorted(here), `what waits in ${lane}`);
  }
}

/** When everything has ended and been forgotten, nothing is left but results that are kept for ever. */
export async function inspectLeftovers(world: RedisWorld, { results }: Expected): Promise<void> {
  const names = (await world.client.keys(`${world.prefix}:*`)).map((key) => key.slice(world.prefix.length + 1));
  const kept = results.size > 0 ? ['status:success', 'status:failed', 'status:cancelled'] : [];
  const left = names.filter((name) => ![...LASTING, ...kept].includes(name) && !name.startsWith('idle|'));
  const unfinished = [...results.values()].map(({ status }) => `status:${status}`);
  assert.deepEqual(
    left.filter((name) => !unfinished.includes(name)),
    [],
    'keys that are left',
  );
}

/** Every id that the lane's lists and sets hand out in turn. Those marked as stale have an entry to be passed over. */
async function idsInLane(world: RedisWorld, lane: string): Promise<string[]> {
  const { client } = world;
  const key = (name: string) => world.key(name);
  const list = (kind: string) => client.lrange(key(`${kind}|${lane}`), 0, -1);
  const set = async (kind: string, prefix: number) =>
    (await client.zrange(key(`${kind}|${lane}`), 0, -1)).map((member) => member.slice(prefix));
  const waiting = await list('wait');
  for (const id of await client.smembers(key(`stale|${lane}`))) {
    assert.ok(waiting.includes(id), `${id} is stale and has no entry`);
    waiting.splice(waiting.indexOf(id), 1);
  }
  return [
    ...waiting,
    ...(await list('urgent')),
    ...(await list('last-chance')),
    ...(await set('prioritised', SEQUENCE_LENGTH)),
    ...(await set('delayed', DUE_LENGTH + SEQUENCE_LENGTH)),
  ];
}

async function fields(world: RedisWorld, name: string): Promise<string[]> {
  return sorted(await world.client.hkeys(world.key(name)));
}

async function members(world: RedisWorld, name: string): Promise<string[]> {
  return sorted(await world.client.zrange(world.key(name), 0, -1));
}

function idsOf(messages: readonly { readonly id: string }[]): string[] {
  return messages.map(({ id }) => id);
}

function sorted(ids: Iterable<string>): string[] {
  return [...ids].sort();
}
