import type { Part } from '../measuring/bench.js';
import { measureApart } from '../measuring/child.js';
import type { ClaimFigures, ClaimingSystem } from '../schedules/claim.js';
import { ENGINE_NAMES, ENGINES } from '../schedules/engines.js';

const SYSTEMS: readonly ClaimingSystem[] = ['Flowrra', 'raw limit'];
const CLAIM = new URL('../schedules/claim.js', import.meta.url);

export const claims: Part = {
  name: 'claims',
  about:
    'Claiming due schedules in batches of 500, on a durable database. Flowrra writes its ledger as well; the raw limit only advances rows that it locked with SKIP LOCKED (SQLite: BEGIN IMMEDIATE).',
  async measure(bench) {
    const count = bench.amount(10_000, 1_000);
    for (const engine of ENGINE_NAMES) {
      const database = await ENGINES[engine]();
      await bench.compete<keyof ClaimFigures>({
        rows: {
          claim: {
            title: `claim, ledger and advance, ${engine}`,
            unit: 'rows/s',
            goals: [{ against: 'raw limit', atLeast: 0.5 }],
          },
          all: { title: `the same with reading what is due, ${engine}`, unit: 'rows/s', goals: [] },
        },
        contestants: SYSTEMS.map((system) => ({
          system,
          measure: () => measureApart<ClaimFigures>(CLAIM, [system, database.url, count]),
        })),
      });
      await database.stop();
    }
  },
};
