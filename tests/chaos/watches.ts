import { TIMES } from './times.js';
import { type ChaosWorld, MEMORY_EVERY } from './world.js';

/** Something that is looked at again and again. */
export interface Watch {
  stop(): void;
}

/** The harness carries the links: when it stands still, all of them do. */
export function watchHarness(world: ChaosWorld): Watch {
  const every = 100;
  let last = performance.now();
  const timer = setInterval(() => {
    const ms = performance.now() - last - every;
    if (ms > TIMES.lease / 8) world.note({ event: 'stall', ms });
    last = performance.now();
  }, every);
  return { stop: () => clearInterval(timer) };
}

/** Notes how much the Redis servers hold on to, and how many are connected. */
export function watchServers(world: ChaosWorld): Watch {
  const servers = [...new Set([world.messages, world.results])];
  const look = async (): Promise<void> => {
    for (const [i, server] of servers.entries()) {
      const text = await world.ask(
        server,
        async (client) => `${await client.info('memory')}${await client.info('clients')}`,
      );
      const figure = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1]);
      const [heap, resources] = [figure('used_memory'), figure('connected_clients')];
      world.note({ event: 'memory', heap, resources }, `redis-${i + 1}`);
    }
  };
  // One that is away is looked at the next time.
  const timer = setInterval(() => void look().catch(() => {}), MEMORY_EVERY);
  return { stop: () => clearInterval(timer) };
}
