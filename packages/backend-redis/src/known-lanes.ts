import type { RedisPlace } from './redis-place.js';

/** A lane of a queue, by name. */
export interface QueueLane {
  readonly queue: string;
  readonly lane: string;
}

/** The lanes that ever held a message. */
export async function knownLanes({ connection, keys }: RedisPlace): Promise<QueueLane[]> {
  const names = (await connection.send('smembers', [keys.lanes], { repeat: true })) as Buffer[];
  return names.map((name) => {
    const [queue = '', lane = ''] = name.toString().split('|');
    return { queue, lane };
  });
}
