import type { CallOptions, TaskContract } from './tasks/task.js';
import type { TaskContext } from './tasks/task-context.js';
import type { TaskHandle } from './tasks/task-handle.js';

/** A call on its way to the store. */
export interface SubmitCall {
  readonly task: TaskContract;
  readonly args: readonly unknown[];
  readonly options: CallOptions & { readonly kwargs?: unknown };
}

/** An attempt about to run. */
export interface ExecuteCall {
  readonly context: TaskContext;
  readonly args: readonly unknown[];
  readonly kwargs: unknown;
}

/** Code around every submit and every attempt, for tracing, timing, tenancy and the like. The first one used is the outermost. */
export interface Middleware {
  /** Must call `next`, with the call or a changed one, unless it refuses by throwing. */
  submit?(call: SubmitCall, next: (call: SubmitCall) => Promise<TaskHandle>): Promise<TaskHandle>;
  /** Must return what `next` resolves to, or a replacement for it. CPU tasks are wrapped from outside of their thread. */
  execute?(call: ExecuteCall, next: () => Promise<unknown>): Promise<unknown>;
}

/** Something that starts and stops with the app, such as a scheduler. */
export interface Service {
  start(): Promise<void>;
  stop(options: { grace: number }): Promise<void>;
}

export function isService(value: unknown): value is Service {
  return typeof value === 'object' && value !== null && 'start' in value && 'stop' in value;
}

export function isMiddleware(value: unknown): value is Middleware {
  return typeof value === 'object' && value !== null && ('submit' in value || 'execute' in value);
}
