import type { Config } from '../config.js';
import { ConfigError } from '../errors.js';
import { Flowrra } from '../flowrra.js';
import type { Logger } from '../logger.js';
import { checkOptions } from '../options.js';
import { CONFIG_OPTIONS } from '../resolve-config.js';
import { ManualClock } from './manual-clock.js';

const ignore = (): void => {};
/** Memory misses no notice; a look each second would be most of what happens while hours pass. */
const NO_POLLS = { pollInterval: '1d' } as const;
const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/**
 * An app for tests: in memory (needs `@flowrra/backend-memory`), silent, and on a clock that moves only when it is told
 * to, so that delays, retries, timeouts and leases of hours pass at once. Needs no test runner.
 * @throws ConfigError as `new Flowrra` does, and for a clock: it brings its own
 *
 * @example
 * const { app, clock } = createTestApp();
 * const remind = app.task('remind', (who: string) => `hello ${who}`);
 * await app.start();
 * const handle = await remind.submit(['Ada'], { delay: '2h' });
 * await clock.advance('2h');
 * await handle.result(); // 'hello Ada'
 */
export function createTestApp(config: Omit<Config, 'clock'> = {}): { app: Flowrra; clock: ManualClock } {
  const {
    clock: another,
    url = null,
    backend = null,
    broker = null,
  } = checkOptions<Config>(config, '', CONFIG_OPTIONS);
  if (another !== undefined)
    throw new ConfigError(
      'clock',
      'createTestApp() returns the clock of its app, a ManualClock. For an app on another one: new Flowrra({ clock }).',
    );
  const clock = new ManualClock();
  const inMemory = url === null && backend === null && broker === null;
  const executor = inMemory ? { ...NO_POLLS, ...config.executor } : config.executor;
  return { app: new Flowrra({ logger: silentLogger, ...config, executor, clock }), clock };
}
