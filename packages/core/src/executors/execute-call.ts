import { type Logger, withFields } from '../logger.js';
import type { ExecuteCall, Middleware } from '../middleware.js';
import { checkSchema } from '../tasks/check-schema.js';
import { encodeJson } from '../tasks/codec.js';
import type { TaskSchemas } from '../tasks/task.js';
import { MAX_PROGRESS_BYTES, type TaskContext } from '../tasks/task-context.js';
import type { AttemptEnd } from './attempt.js';
import type { Attempt } from './task-runner.js';

/** The context that a handler of this attempt sees. What costs something is made when it is asked for. */
export class AttemptContext implements TaskContext {
  readonly #attempt: Attempt;
  readonly #logger: Logger;
  #log: Logger | undefined;

  constructor(attempt: Attempt, logger: Logger) {
    this.#attempt = attempt;
    this.#logger = logger;
  }

  get id(): string {
    return this.#attempt.task.lease.id;
  }

  get name(): string {
    return this.#attempt.message.taskName;
  }

  get queue(): string {
    return this.#attempt.task.lease.queue;
  }

  get attempt(): number {
    return this.#attempt.task.attempt;
  }

  get fence(): number {
    return this.#attempt.task.lease.fence;
  }

  get signal(): AbortSignal {
    return this.#attempt.run.signal;
  }

  get log(): Logger {
    this.#log ??= taskLogger(this.#logger, { taskId: this.id, taskName: this.name });
    return this.#log;
  }

  // A function of its own, so that a handler may take it out of the context.
  get progress(): (value: unknown) => void {
    const { progress } = this.#attempt;
    return (value) => progress.report(encodeJson(value, 'progress', MAX_PROGRESS_BYTES));
  }
}

/** Runs `innermost` inside every middleware that wraps attempts, the first one outermost. */
export function throughMiddleware(
  middleware: readonly Middleware[],
  call: ExecuteCall,
  innermost: () => unknown,
): unknown {
  if (middleware.length === 0) return innermost();
  const [next, ...rest] = middleware as [Middleware, ...Middleware[]];
  // As a promise, also what is returned or thrown at once.
  const inner = async (): Promise<unknown> => throughMiddleware(rest, call, innermost);
  return next.execute ? next.execute(call, inner) : inner();
}

/** The end of an attempt that returned: its value, once the task's schema agrees, as JSON. */
export async function returned(
  value: unknown,
  schema: TaskSchemas,
  maxPayloadBytes: number,
): Promise<Extract<AttemptEnd, { status: 'success' }>> {
  return success(await checkSchema(schema.result, value, 'result'), maxPayloadBytes);
}

/** The same for a value that was checked, or need not be. */
export function success(value: unknown, maxPayloadBytes: number): Extract<AttemptEnd, { status: 'success' }> {
  return { status: 'success', resultJson: encodeJson(value, 'result', maxPayloadBytes) };
}

function taskLogger(logger: Logger, fields: object): Logger {
  return {
    debug: (data, message) => logger.debug(withFields(fields, data), message),
    info: (data, message) => logger.info(withFields(fields, data), message),
    warn: (data, message) => logger.warn(withFields(fields, data), message),
    error: (data, message) => logger.error(withFields(fields, data), message),
  };
}
