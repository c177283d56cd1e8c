import type { Config } from '../config.js';
import { Flowrra } from '../flowrra.js';
import type { Logger } from '../logger.js';
import { ManualClock } from './manual-clock.js';

const ignore = (): void => {};
/** Memory misses no notice; a look each second would be most of what happens while hours pass. */
const NO_POLLS = { pollInterval: '1d' } as const;
const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * An app for tests: in memory (needs `@flowrra/backend-memory`), silent, and on a clock that moves only when it is told
 * to, so that delays, retries, timeouts and leases of hours pass at once. Needs no test runner.
 *
 * @example
 * const { app, clock } = createTestApp();
 * const remind = app.task('remind', (who: string) => `hello ${who}`);
 * await app.start();
 * const handle = await remind.submit(['Ada'], { delay: '2h' });
 * await clock.advance(2 * 3_600_000);
 * await handle.result(); // 'hello Ada'
 */
export function createTestApp(config: Omit<Config, 'clock'> = {}): { app: Flowrra; clock: ManualClock } {
  const clock = new ManualClock();
  const { url = null, backend = null, broker = null } = config;
  const inMemory = url === null && backend === null && broker === null;
  const executor = inMemory ? { ...NO_POLLS, ...config.executor } : config.executor;
  return { app: new Flowrra({ logger: silentLogger, ...config, executor, clock }), clock };
}
