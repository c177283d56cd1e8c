import { FlowrraError } from '../errors.js';

/** The thread of a CPU task ended before the task did. `cause` is what ended it, where an error did. */
export class CpuThreadLostError extends FlowrraError {
  readonly code = 'CPU_THREAD_LOST';
}

// Functions, since the build renames a class whose body names itself, and the name of an error is stored with results.

/** For an error before the thread could take a job. */
export function lostAtStart(error: unknown): CpuThreadLostError {
  return new CpuThreadLostError(
    'The thread of the CPU task could not start. Correct what Node preloads (--import, --require, NODE_OPTIONS) or the ' +
      'installation; see the cause.',
    { cause: error },
  );
}

/** For an error that ended a running thread. */
export function lostByError(error: unknown): CpuThreadLostError {
  if (isOutOfMemory(error)) {
    return new CpuThreadLostError(
      'The thread of the CPU task ran out of memory. Process less at a time, or start Node with a larger --max-old-space-size.',
      { cause: error },
    );
  }
  return new CpuThreadLostError(
    'An error that no handler awaits ended the thread of the CPU task: thrown in a timer or an event, or the rejection ' +
      'of a promise left alone, perhaps by an earlier call in the same thread. Await all that a handler starts; see the cause.',
    { cause: error },
  );
}

/** For a thread that ended without an error. */
export function lostByExit(exitCode: number): CpuThreadLostError {
  return new CpuThreadLostError(
    `The thread of the CPU task ended with exit code ${exitCode}: the handler, its module or a preloaded script called ` +
      'process.exit(). Return from the handler, or throw an error.',
  );
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
