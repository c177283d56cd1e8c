import { FlowrraError } from '@flowrra/core';
import { app } from './flowrra.js';
import { attachScheduler } from './schedulers.js';
import { screen } from './screen.js';

/** The worker's part: runs tasks, and fires slots. @returns the exit code */
export async function serve(): Promise<number> {
  // However the producer ends, the channel to it closes, and a worker without a producer has nothing to do.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
  try {
    await attachScheduler(`worker-${process.pid}`);
    await app.run();
    return 0;
  } catch (err) {
    if (!(err instanceof FlowrraError)) throw err;
    screen.print(err.message);
    return 1;
  }
}
