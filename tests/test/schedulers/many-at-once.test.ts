import { getSchedulerBackend } from '@flowrra/scheduler';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENGINES, newDatabase } from '../../support/databases.js';
import { type NodeProcess, startNode } from '../../support/node-process.js';

/** Rounds of the promises: as many as they say when asked for, by default fewer. */
const ROUNDS = process.env.FLOWRRA_LONG ? { open: 30, register: 100 } : { open: 4, register: 6 };

let processes: readonly NodeProcess[] = [];

/** Gives the first `count` processes an order at the same time. */
function order(count: number, message: object): Promise<unknown[]> {
  return Promise.all(processes.slice(0, count).map((process) => process.ask(message)));
}

beforeAll(async () => {
  processes = await Promise.all(Array.from({ length: 20 }, () => startNode('registrar.mjs', {})));
});

afterAll(async () => {
  await Promise.all(processes.map((process) => process.end()));
});

describe.each(ENGINES)('processes that come to %s at once', (engine) => {
  it('all find the tables that one of five makes in an empty database (SQ-01)', async () => {
    for (let round = 0; round < ROUNDS.open; round++) {
      const database = newDatabase(engine);
      try {
        const replies = await order(5, { order: 'open', database });
        expect(replies, `round ${round}`).toEqual(Array(5).fill({ reply: [] }));
      } finally {
        await database.drop();
      }
    }
  });

  it('register one definition as one schedule, twenty of them, again and again (SC-13)', async () => {
    const database = newDatabase(engine);
    const backend = await getSchedulerBackend(database.url, database.options);
    try {
      expect(await order(20, { order: 'open', database })).toEqual(Array(20).fill({ reply: [] }));
      for (let round = 1; round <= ROUNDS.register; round++) {
        const replies = await order(20, { order: 'register', every: round * 60_000, description: 'new' });
        expect(replies, `round ${round}`).toEqual(Array(20).fill(replies[0]));
        // Who made the same change a moment later made none.
        const changed = await order(20, { order: 'register', every: round * 60_000, description: 'changed' });
        expect(changed, `round ${round}`).toEqual(Array(20).fill(changed[0]));
        expect(changed[0]).toMatchObject({ reply: { revision: 2 } });
      }
      expect(await backend.listAll()).toHaveLength(ROUNDS.register);
    } finally {
      await backend.close();
      await database.drop();
    }
  }, 300_000);
});
