import type { Clock } from '../clock.js';
import type { Duration } from '../duration.js';
import type { Logger } from '../logger.js';
import { onAbort } from '../on-abort.js';
import { checkOptions, checkSignal } from '../options.js';

export interface StopOptions {
  /** How long what runs may go on; default 30 s, or `executor.stopGrace` where there is one. */
  readonly grace?: Duration | undefined;
}

export interface RunOptions extends StopOptions {
  /** Another way to end it. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws ConfigError for anything but options of a stop; the grace itself is not looked at */
export function checkStopOptions(options: unknown): StopOptions {
  return checkOptions<StopOptions>(options, '', ['grace']);
}

/** The same for `run()`. @throws ConfigError */
export function checkRunOptions(options: unknown): RunOptions {
  const checked = checkOptions<RunOptions>(options, '', ['grace', 'signal']);
  checkSignal(checked.signal);
  return checked;
}

/** What runs for the length of `run()`. */
export interface Runnable {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Handlers that have not settled. */
  runningHandlers(): number;
  /** Another way to end it. */
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** After a stop, milliseconds for the rest of the program before a handler that ignores its signal is ended with it. */
const EXIT_DELAY = 500;
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Starts, waits for SIGTERM or SIGINT, stops. Takes the process over while it runs: a second signal exits at once with
 * code 1, and an unhandled rejection (a floating promise of some handler) stops in order and leaves exit code 1 behind.
 */
export async function runUntilSignal(app: Runnable): Promise<void> {
  let endWaiting = (): void => {};
  const ended = new Promise<void>((resolve) => (endWaiting = resolve));
  let asked = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (asked) process.exit(1);
    asked = true;
    app.logger.info({ signal }, 'stopping; a second signal exits at once');
    endWaiting();
  };
  const onRejection = (reason: unknown): void => {
    app.logger.error({ err: reason }, 'a promise was rejected and nobody handled it; stopping');
    process.exitCode = 1;
    endWaiting();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on('unhandledRejection', onRejection);
  const stopListening = app.signal && onAbort(app.signal, endWaiting);
  try {
    // A start that hangs must not outlast the signal.
    await Promise.race([startOrStop(app), ended]);
    await ended;
    await app.stop();
    leaveHandlersBehind(app);
  } finally {
    stopListening?.();
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('unhandledRejection', onRejection);
  }
}

/** What a failed start has opened would keep the process alive. */
async function startOrStop({ start, stop }: Runnable): Promise<void> {
  try {
    await start();
  } catch (err) {
    await stop().catch(() => {});
    throw err;
  }
}

/** A handler that never ends would keep the process alive for ever. */
function leaveHandlersBehind({ runningHandlers, clock, logger }: Runnable): void {
  if (runningHandlers() === 0) return;
  logger.warn({ handlers: runningHandlers() }, 'handlers ignore their AbortSignal; the process exits without them');
  clock.after(EXIT_DELAY, () => process.exit(), { keepAlive: false });
}
