import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { nanoid } from 'nanoid';
import type { Job, QueueSystem, Result } from './queue-system.js';

// What Redis and Node allow: jobs and results in two hashes, what waits in a list, one call that ends up to 100 jobs and
// takes up to 100 more. No leases, no retries, no priorities, no index, and what a process holds is lost with it: nobody
// should use it.
const WAITING = 'waiting';
const JOBS = 'jobs';
const RESULTS = 'results';
const NOTICES = 'notices';
const BATCH = 100;

/** KEYS: waiting, jobs, results. ARGV: how many to take, channel of notices, then per ended job: id, result. */
const TURN = `
for i = 3, #ARGV, 2 do
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end
if #ARGV > 2 and redis.call('PUBSUB', 'NUMSUB', ARGV[2])[2] > 0 then
  redis.call('PUBLISH', ARGV[2], cjson.encode({ unpack(ARGV, 3) }))
end
local ids, jobs = redis.call('LPOP', KEYS[1], ARGV[1]) or {}, {}
for i, id in ipairs(ids) do
  jobs[i] = redis.call('HGET', KEYS[2], id)
end
return { ids, jobs }`;
const TURN_SHA = createHash('sha1').update(TURN).digest('hex');

type Taken = [ids: string[], jobs: string[]];

export const rawLimit: QueueSystem = {
  async openProducer(url, { awaitsResults }) {
    const redis = new Redis(url, { enableAutoPipelining: true });
    const notices = awaitsResults ? await listen(url) : null;
    const push = (jobs: readonly Job[], ids = jobs.map(() => nanoid())): Promise<unknown> =>
      Promise.all([
        redis.hset(JOBS, ...jobs.flatMap((job, i) => [ids[i] as string, JSON.stringify(job)])),
        redis.rpush(WAITING, ...ids),
      ]);
    return {
      enqueue: (job) => push([job]),
      enqueueMany: (jobs) => push(jobs),
      call: (job) =>
        new Promise((resolve, reject) => {
          const id = nanoid();
          notices?.waiting.set(id, resolve);
          push([job], [id]).catch(reject);
        }),
      countFinished: () => redis.hlen(RESULTS),
      async close() {
        await Promise.all([redis.quit(), notices?.close()]);
      },
    };
  },
  async serve(url, { concurrency, handler }) {
    const redis = new Redis(url);
    await redis.script('LOAD', TURN);
    const batch = Math.min(concurrency, BATCH);
    let stopping = false;
    const turn = async (ended: readonly string[]): Promise<Taken> => {
      const args = [WAITING, JOBS, RESULTS, batch, NOTICES, ...ended];
      const taken = (await redis.evalsha(TURN_SHA, 3, ...args)) as Taken;
      if (taken[0].length > 0) return taken;
      const next = await redis.blpop(WAITING, 0.2);
      return next ? [[next[1]], [(await redis.hget(JOBS, next[1])) ?? '']] : [[], []];
    };
    const run = async (id: string, text: string): Promise<string[]> => [
      id,
      JSON.stringify(await handler(JSON.parse(text))),
    ];
    const served = (async () => {
      let [ids, jobs]: Taken = [[], []];
      while (!stopping || ids.length > 0) {
        const ended = await Promise.all(ids.map((id, i) => run(id, jobs[i] as string)));
        [ids, jobs] = await turn(ended.flat());
      }
    })();
    return async () => {
      stopping = true;
      await served;
      await redis.quit();
    };
  },
};

async function listen(url: string) {
  const redis = new Redis(url);
  const waiting = new Map<string, (result: Result) => void>();
  redis.on('message', (_channel, text: string) => {
    const pairs: string[] = JSON.parse(text);
    for (let i = 0; i < pairs.length; i += 2) {
      const id = pairs[i] as string;
      waiting.get(id)?.(JSON.parse(pairs[i + 1] as string));
      waiting.delete(id);
    }
  });
  await redis.subscribe(NOTICES);
  return { waiting, close: () => redis.quit() };
}
