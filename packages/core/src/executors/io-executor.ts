import { ConfigError } from '../errors.js';
import { checkSchema } from '../tasks/check-schema.js';
import {
  type AnyFunction,
  type ContractOptions,
  defineTask,
  type TaskContract,
  type TaskFor,
  type TaskOptions,
  type WithKwargs,
  type WithoutKwargs,
} from '../tasks/task.js';
import { runInTaskContext } from '../tasks/task-context.js';
import { type AttemptEnd, failedAttempt } from './attempt.js';
import { BaseExecutor } from './base-executor.js';
import { AttemptContext, returned, success, throughMiddleware } from './execute-call.js';
import type { Attempt } from './task-runner.js';

/**
 * Runs I/O tasks on the event loop of this process.
 * @example
 * const executor = new IOExecutor({ executor: { ioWorkers: 4 } });
 * const fetchPage = executor.task('fetchPage', async (url: string) => (await fetch(url)).text());
 * await executor.start();
 * const page = await fetchPage.call(['https://example.com']);
 */
export class IOExecutor extends BaseExecutor {
  readonly kind = 'io';

  /** Registers a function as a task. @throws TaskExistsError, ConfigError, ArgumentError */
  task<Fn extends AnyFunction>(name: string, handler: Fn): TaskFor<Fn, false>;
  task<Fn extends AnyFunction>(name: string, options: TaskOptions & WithKwargs, handler: Fn): TaskFor<Fn, true>;
  task<Fn extends AnyFunction>(name: string, options: TaskOptions & WithoutKwargs, handler: Fn): TaskFor<Fn, false>;
  task(name: string, ...rest: [AnyFunction] | [TaskOptions, AnyFunction]) {
    const [options, handler] = rest.length === 1 ? [{}, rest[0]] : rest;
    if ((options as ContractOptions | undefined)?.kind !== undefined)
      throw new ConfigError('kind', 'app.task() makes I/O tasks; for CPU tasks use app.cpuTask().');
    // Only a caller whose types were not checked leaves the handler out.
    return this.implement(defineTask(name, options as TaskOptions), handler as AnyFunction);
  }

  /** Gives a contract its code. @throws TaskExistsError, ConfigError */
  implement<Args extends readonly unknown[], Result, Kwargs>(
    contract: TaskContract<Args, Result, Kwargs>,
    handler: AnyFunction,
  ) {
    this.checkKind(contract);
    if (typeof handler !== 'function')
      throw new ConfigError('handler', `Task "${contract.name}" needs a function as its last argument.`);
    this.client.registry.add({ contract, kind: 'io', handler });
    return this.client.bind(contract);
  }

  protected slots(queue: { ioWorkers: number }): number {
    return queue.ioWorkers;
  }

  protected async attempt(attempt: Attempt): Promise<AttemptEnd> {
    const { implementation, message, run } = attempt;
    const { config, middleware } = this.client;
    if (implementation.kind !== 'io') throw new TypeError('The I/O lane was given a CPU task.');
    const { schema, takesKwargs } = implementation.contract;
    // The registry keeps handlers of all types; the contract says which arguments this one takes.
    const handler = implementation.handler as (...args: unknown[]) => unknown;
    try {
      // Waiting costs a turn, also for what is there.
      const args = schema.args ? await checkSchema(schema.args, message.args, 'args') : message.args;
      const kwargs = schema.kwargs ? await checkSchema(schema.kwargs, message.kwargs, 'kwargs') : message.kwargs;
      const context = new AttemptContext(attempt, config.logger);
      const answer = runInTaskContext(context, () =>
        throughMiddleware(middleware, { context, args, kwargs }, () => {
          // A handler that is told to end before it begins would listen for an abort that never comes again.
          if (run.aborted) throw run.reason;
          return takesKwargs ? handler(...args, kwargs) : handler(...args);
        }),
      );
      const value = isThenable(answer) ? await answer : answer;
      return schema.result
        ? await returned(value, schema, config.maxPayloadBytes)
        : success(value, config.maxPayloadBytes);
    } catch (thrown) {
      return failedAttempt(thrown);
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
