import { AsyncLocalStorage } from 'node:async_hooks';
import { FlowrraError } from '../errors.js';
import type { Logger } from '../logger.js';
import { sharedByCopies } from '../shared-by-copies.js';

/** Most bytes of one progress report. */
export const MAX_PROGRESS_BYTES = 64 * 1024;

/** What a handler can know of the run it is in, and say about it. */
export interface TaskContext {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  /** 1 in the first attempt. */
  readonly attempt: number;
  /** The delivery number: give it to outside systems that must refuse a run which lost its lease. */
  readonly fence: number;
  /**
   * Aborts at timeout, cancel, lost lease and the end of a stop's grace; its reason says which. In CPU tasks it never
   * does: their thread is ended instead.
   */
  readonly signal: AbortSignal;
  /**
   * Stores how far the task is, as JSON; readable through `handle.progress()` and events. Writes are merged when frequent.
   * Of any type, as arguments are: what is no JSON is refused when it is reported.
   * @throws SerializationError, PayloadTooLargeError
   */
  progress(value: unknown): void;
  /** The app's logger, with the task's id and name in every line. */
  readonly log: Logger;
}

/** taskContext() was called outside of a running task. */
export class NoTaskContextError extends FlowrraError {
  readonly code = 'NO_TASK_CONTEXT';
  constructor() {
    super('taskContext() works inside a running task only. Call it from the handler or from what the handler calls.');
  }
}

const storage = sharedByCopies('task-context', () => new AsyncLocalStorage<TaskContext>());

/**
 * The run that this code is part of.
 * @throws NoTaskContextError outside of a task
 */
export function taskContext(): TaskContext {
  const context = storage.getStore();
  if (!context) throw new NoTaskContextError();
  return context;
}

/** Runs `work` so that everything it calls sees `context`. */
export function runInTaskContext<T>(context: TaskContext, work: () => T): T {
  return storage.run(context, work);
}
