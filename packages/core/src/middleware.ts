import { ConfigError } from './errors.js';
import { type CallOptions, isTaskContract, type TaskContract } from './tasks/task.js';
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

/** What `app.use` was given, as what it serves as; that may be both. @throws ConfigError naming what is wrong */
export function rolesOf(extension: unknown): { middleware: Middleware | null; service: Service | null } {
  // Its `submit` would take the call for its arguments, and submit again.
  if (isTaskContract(extension))
    throw new ConfigError(
      'extension',
      `A task is no middleware; "${extension.name}" needs no app.use(). ${WHAT_IT_TAKES}`,
    );
  // Of what is no object, an object without any of the methods.
  const given: Middleware & Service = Object(extension);
  for (const name of ['submit', 'execute', 'start', 'stop'] as const) checkMethod(given, name);
  const roles = { middleware: isMiddleware(given) ? given : null, service: isService(given) ? given : null };
  if (roles.middleware || roles.service) return roles;
  throw new ConfigError('extension', WHAT_IT_TAKES);
}

const WHAT_IT_TAKES =
  'app.use() takes middleware, with submit or execute or both, or a service, with start and stop, or what is both.';

function checkMethod(extension: Middleware & Service, name: keyof Middleware | keyof Service): void {
  if (extension[name] === undefined || typeof extension[name] === 'function') return;
  throw new ConfigError(`extension.${name}`, `${name} must be a function. ${WHAT_IT_TAKES}`);
}

function isService(extension: Partial<Service>): boolean {
  const { start, stop } = extension;
  if (start && stop) return true;
  if (!start && !stop) return false;
  const missing = start ? 'stop' : 'start';
  throw new ConfigError(`extension.${missing}`, `The service lacks ${missing}. ${WHAT_IT_TAKES}`);
}

function isMiddleware(extension: Middleware): boolean {
  // Apps and executors are services whose `submit` takes a task.
  return ('submit' in extension || 'execute' in extension) && !('implement' in extension);
}
