// A process that tells of events which nobody listens to, and answers with nanoseconds per event.
import { report } from '../measuring/child.js';
import { OpenExecutor } from './open-executor.js';

const count = Number(process.argv[2]);
const { events } = new OpenExecutor();
let described = 0;

function emitAll(total: number): void {
  for (let i = 0; i < total; i++) {
    events.emit('submitted', () => {
      described++;
      return { taskId: String(i), taskName: 'work', queue: 'default' };
    });
  }
}

emitAll(count / 10);
const begin = performance.now();
emitAll(count);
const nanoseconds = (performance.now() - begin) * 1e6;
if (described > 0) throw new Error(`${described} events were described to nobody.`);
report(nanoseconds / count);
