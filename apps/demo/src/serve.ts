import { type Flowrra, FlowrraError } from '@flowrra/core';
import { screen } from './screen.js';

/** The worker's part. @returns the exit code */
export async function serve(app: Flowrra): Promise<number> {
  // However the producer ends, the channel to it closes, and a worker without a producer has nothing to do.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
  try {
    await app.run();
    return 0;
  } catch (err) {
    if (!(err instanceof FlowrraError)) throw err;
    screen.print(err.message);
    return 1;
  }
}
