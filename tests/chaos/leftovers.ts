import type { Redis } from 'ioredis';

/** Where messages wait or are held, by what their keys begin with: empty once everything ended. */
const OF_MESSAGES = ['active', 'wait|', 'prioritised|', 'delayed|', 'urgent|', 'last-chance|', 'stale|'];
const OF_OPEN_TASKS = ['status:pending', 'status:running', 'status:retrying'];

/**
 * What is left in a namespace once everything ended, and should not be (RI-6, BI-8).
 * @param kept how many results there must be; null: any number
 */
export async function leftovers(client: Redis, prefix: string, kept: number | null): Promise<string[]> {
  const faults: string[] = [];
  const keys = (await client.keys(`${prefix}:*`)).map((key) => key.slice(prefix.length + 1));
  for (const key of keys)
    if ([...OF_MESSAGES, ...OF_OPEN_TASKS].some((start) => key.startsWith(start)))
      faults.push(`BI-8 ${key} is not empty`);
  const held = Number(await client.get(`${prefix}:held`));
  if (held !== 0) faults.push(`BI-8 ${held} leases are counted, and there is none`);
  const results = await Promise.all(
    ['success', 'failed', 'cancelled'].map((status) => client.zcard(`${prefix}:status:${status}`)),
  );
  const listed = results.reduce((sum, count) => sum + count, 0);
  const records = await client.hlen(`${prefix}:tasks`);
  if (records !== listed) faults.push(`RI-6 ${records} records are kept, and ${listed} results are listed`);
  if (kept !== null && listed !== kept) faults.push(`BI-8 ${listed} results are kept of ${kept} tasks`);
  return faults;
}

/** Connections and channels that nobody gave up: all of a namespace's processes are gone. */
export async function openEnds(client: Redis): Promise<string[]> {
  const clients = String(await client.client('LIST'))
    .trim()
    .split('\n');
  const channels = (await client.pubsub('CHANNELS')) as string[];
  return [
    ...(clients.length > 1 ? [`RI-6 ${clients.length - 1} connections are still open`] : []),
    ...channels.map((channel) => `RI-6 ${channel} is still listened to`),
  ];
}
