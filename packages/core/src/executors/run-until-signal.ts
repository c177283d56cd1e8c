import type { Logger } from '../logger.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Starts, waits for SIGTERM or SIGINT, stops. Takes the process over while it runs: a second signal exits at once with
 * code 1, and an unhandled rejection (a floating promise of some handler) stops in order and leaves exit code 1 behind.
 */
export async function runUntilSignal(app: { start(): Promise<void>; stop(): Promise<void>; logger: Logger }): Promise<void> {
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
  try {
    await app.start();
    await ended;
    await app.stop();
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    process.off('unhandledRejection', onRejection);
  }
}
