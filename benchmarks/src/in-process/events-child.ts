// A process that makes calls in waves, by turns with events that nobody hears and with its events cut out, and answers with
// calls a second of both. Two processes differ by more than events cost.
import { FLOWRRA_SETTINGS } from '../flowrra-settings.js';
import { report } from '../measuring/child.js';
import { OpenExecutor } from './open-executor.js';

const WAVE = 1_000;
const waves = Number(process.argv[2]);
const executor = new OpenExecutor({ ...FLOWRRA_SETTINGS, executor: { ioWorkers: 100 } });
const { events } = executor;
const task = executor.task('work', (number: number) => number);
await executor.start();

const ways = { told: events.emit, 'cut out': () => {} };
const seconds = { told: 0, 'cut out': 0 };

async function takeTurns(total: number): Promise<void> {
  for (let wave = 0; wave < total; wave++) {
    // Told, cut out, cut out, told: what grows from wave to wave strikes both.
    const way = wave % 4 === 0 || wave % 4 === 3 ? 'told' : 'cut out';
    events.emit = ways[way];
    const begin = performance.now();
    const results = await Promise.all(Array.from({ length: WAVE }, (_, i) => task.call([i])));
    seconds[way] += (performance.now() - begin) / 1_000;
    for (const [i, result] of results.entries()) if (result !== i) throw new Error(`Call ${i} returned ${result}.`);
  }
}

await takeTurns(waves / 4);
seconds.told = seconds['cut out'] = 0;
await takeTurns(waves);
await executor.stop();
const calls = (waves / 2) * WAVE;
report({ told: calls / seconds.told, cutOut: calls / seconds['cut out'] });
