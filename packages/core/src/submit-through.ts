import { ConfigError } from './errors.js';
import type { Middleware, SubmitCall } from './middleware.js';
import { isTaskContract } from './tasks/task.js';
import { isTaskHandle, type TaskHandle } from './tasks/task-handle.js';

type SubmitMiddleware = Middleware & Required<Pick<Middleware, 'submit'>>;

export function hasSubmit(middleware: Middleware): middleware is SubmitMiddleware {
  return middleware.submit !== undefined;
}

/** Lets one middleware submit; `next` is what comes after it. @throws ConfigError when it loses the call or the handle */
export async function submitThrough(
  middleware: SubmitMiddleware,
  call: SubmitCall,
  next: (call: SubmitCall) => Promise<TaskHandle>,
): Promise<TaskHandle> {
  const checkedNext = (changed: SubmitCall) =>
    isTaskContract(changed?.task) ? next(changed) : Promise.reject(noCall());
  const handle: unknown = await middleware.submit(call, checkedNext);
  // What a middleware hands back goes to the submitter.
  if (isTaskHandle(handle)) return handle;
  throw new ConfigError(
    'middleware',
    'A submit middleware returned no handle. It must return what next(call) resolves to, or throw to refuse the call.',
  );
}

function noCall(): ConfigError {
  return new ConfigError(
    'middleware',
    'A submit middleware passed no call on. It must call next(call), with the call that it was given or a changed copy of it.',
  );
}
