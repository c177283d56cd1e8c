import { randomUUID } from 'node:crypto';
import type { RedisPlace } from './redis-place.js';

/** Milliseconds that a forgotten probe lives. */
const PROBE_TTL = 10_000;

/** Whether two namespaces are one: by the same URL, else by a probe written through one and read through the other. */
export async function isSamePlace(one: RedisPlace, other: RedisPlace): Promise<boolean> {
  if (one.keys.prefix !== other.keys.prefix) return false;
  if (one.connection === other.connection) return true;
  const { url, address } = one.connection;
  // Driver options can lead the same URL elsewhere; the address tells.
  if (url !== null && url === other.connection.url && address === other.connection.address) return true;
  const probe = `${one.keys.prefix}:probe|${randomUUID()}`;
  await one.connection.send('set', [probe, '1', 'PX', PROBE_TTL], { repeat: true });
  try {
    return (await other.connection.send('get', [probe], { repeat: true })) !== null;
  } finally {
    await one.connection.send('del', [probe], { repeat: true });
  }
}
