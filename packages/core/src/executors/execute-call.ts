import { type Logger, withFields } from '../logger.js';
import type { ExecuteCall, Middleware } from '../middleware.js';
import { checkSchema } from '../tasks/check-schema.js';
import { encodeJson } from '../tasks/codec.js';
import type { TaskSchemas } from '../tasks/task.js';
import { MAX_PROGRESS_BYTES, type TaskContext } from '../tasks/task-context.js';
import type { AttemptEnd } from './attempt.js';
import type { Attempt } from './task-runner.js';

/** The context that a handler of this attempt sees. */
export function contextOf(attempt: Attempt, logger: Logger): TaskContext {
  const { lease, attempt: number } = attempt.task;
  const name = attempt.message.taskName;
  return {
    id: lease.id,
    name,
    queue: lease.queue,
    attempt: number,
    fence: lease.fence,
    signal: attempt.signal,
    progress: (value) => attempt.onProgress(encodeJson(value, 'progress', MAX_PROGRESS_BYTES)),
    log: taskLogger(logger, { taskId: lease.id, taskName: name }),
  };
}

/** Runs `innermost` inside every middleware that wraps attempts, the first one outermost. */
export function throughMiddleware(
  middleware: readonly Middleware[],
  call: ExecuteCall,
  innermost: () => Promise<unknown>,
): Promise<unknown> {
  const [next, ...rest] = middleware;
  if (!next) return innermost();
  const inner = () => throughMiddleware(rest, call, innermost);
  return next.execute ? next.execute(call, inner) : inner();
}

/** The end of an attempt that returned: its value, once the task's schema agrees, as JSON. */
export async function returned(
  value: unknown,
  schema: TaskSchemas,
  maxPayloadBytes: number,
): Promise<Extract<AttemptEnd, { status: 'success' }>> {
  const result = await checkSchema(schema.result, value, 'result');
  return { status: 'success', resultJson: encodeJson(result, 'result', maxPayloadBytes) };
}

function taskLogger(logger: Logger, fields: object): Logger {
  return {
    debug: (data, message) => logger.debug(withFields(fields, data), message),
    info: (data, message) => logger.info(withFields(fields, data), message),
    warn: (data, message) => logger.warn(withFields(fields, data), message),
    error: (data, message) => logger.error(withFields(fields, data), message),
  };
}
