import { constants } from 'node:os';
import { screen } from './screen.js';

export interface Interruption {
  /** The exit code that a shell expects after the signal; undefined while there was none. */
  readonly code: number | undefined;
  end(): void;
}

/** Ctrl-C or SIGTERM once: winds down. A second time: the process exits at once. */
export function onInterrupt(windDown: () => Promise<void>): Interruption {
  let code: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (code !== undefined) process.exit(code);
    code = 128 + constants.signals[signal];
    screen.print('Stopping: what is under way is cancelled. Once more to exit at once.');
    void windDown();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    get code() {
      return code;
    },
    end: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}
