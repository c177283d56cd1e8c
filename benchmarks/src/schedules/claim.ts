// Claims every schedule of a database once, in batches, and reports rows a second.
import pg from 'pg';
import { report } from '../measuring/child.js';
import { BATCH, type Claimer } from './claimer.js';

const CLAIMERS = {
  Flowrra: async () => (await import('./flowrra-claimer.js')).openFlowrraClaimer,
  'raw limit': async () => (await import('./raw-claimer.js')).openRawClaimer,
} satisfies Record<string, () => Promise<(url: string) => Promise<Claimer>>>;

export type ClaimingSystem = keyof typeof CLAIMERS;

export interface ClaimFigures {
  /** Claiming and advancing, and where there is one, the ledger. */
  readonly claim: number;
  /** The same with reading what is due. */
  readonly all: number;
}

const [, , system, url, counts] = process.argv;
const count = Number(counts);
// A node that stays: what it runs before its code is compiled is not counted, and that takes many claims.
const warmUp = 2 * count;

const open = await CLAIMERS[system as ClaimingSystem]();
const claimer = await open(url as string);
await claimer.fill(warmUp + count);
await analyze(url as string);
await claimAll(warmUp);
const { claiming, reading } = await claimAll(count);
if ((await claimer.countDue()) > 0) throw new Error(`${system}: some schedules are still due.`);
await claimer.close();
const rate = (time: number): number => (count / time) * 1_000;
report({ claim: rate(claiming), all: rate(reading + claiming) } satisfies ClaimFigures);

async function claimAll(rows: number): Promise<{ reading: number; claiming: number }> {
  const time = { reading: 0, claiming: 0 };
  for (let claimed = 0; claimed < rows; claimed += BATCH) {
    const begin = performance.now();
    const claim = await claimer.readDue();
    const read = performance.now();
    const got = await claim();
    time.reading += read - begin;
    time.claiming += performance.now() - read;
    if (got !== BATCH) throw new Error(`${system} claimed ${got} rows instead of ${BATCH}.`);
  }
  return time;
}

/** PostgreSQL looks through a table that was filled within a minute, and plans badly until then. The others do not wait. */
async function analyze(database: string): Promise<void> {
  if (!database.startsWith('postgresql:')) return;
  const client = new pg.Client(database);
  await client.connect();
  await client.query('analyze');
  await client.end();
}
