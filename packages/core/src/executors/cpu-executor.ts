import { pathToFileURL } from 'node:url';
import { ConfigError, type TaskErrorInfo } from '../errors.js';
import { checkOptions } from '../options.js';
import { checkSchema } from '../tasks/check-schema.js';
import {
  type AnyFunction,
  type ContractOptions,
  defineTask,
  type Task,
  type TaskContract,
  type TaskFor,
  type TaskOptions,
  type WithKwargs,
  type WithoutKwargs,
} from '../tasks/task.js';
import type { CpuCode } from '../tasks/task-registry.js';
import { type AttemptEnd, type FailedAttempt, failedAttempt } from './attempt.js';
import { BaseExecutor } from './base-executor.js';
import { CpuPool } from './cpu-pool.js';
import { AttemptContext, returned, throughMiddleware } from './execute-call.js';
import type { Attempt } from './task-runner.js';

/** Where a CPU task's code is, and how the task is treated. */
export type CpuTaskOptions = TaskOptions & CpuCode;
/** A type that no options have: the compiler asks for the type of the function. */
export interface CpuTaskNeedsItsType {
  readonly 'write app.cpuTask<typeof fn>(…)': never;
}
type TypeGiven<Fn, Options> = [Fn] extends [never] ? CpuTaskNeedsItsType : Options;

/**
 * Runs CPU tasks in threads.
 * @example
 * const executor = new CPUExecutor({ executor: { cpuWorkers: 4 } });
 * const hash = executor.cpuTask<typeof hashFile>('hash', { module: new URL('./hash.js', import.meta.url), export: 'hashFile' });
 */
export class CPUExecutor extends BaseExecutor {
  readonly kind = 'cpu';
  #pool: CpuPool | undefined;

  /** Registers an exported function of a module as a task. @throws TaskExistsError, ConfigError, ArgumentError */
  cpuTask<Fn extends AnyFunction = never>(
    name: string,
    options: TypeGiven<Fn, CpuTaskOptions & WithKwargs>,
  ): TaskFor<Fn, true>;
  cpuTask<Fn extends AnyFunction = never>(
    name: string,
    options: TypeGiven<Fn, CpuTaskOptions & WithoutKwargs>,
  ): TaskFor<Fn, false>;
  cpuTask(name: string, options: object): Task<readonly unknown[], unknown, unknown> {
    const { module, export: exportName, ...policy } = (options ?? {}) as CpuTaskOptions;
    if ((policy as ContractOptions).kind !== undefined)
      throw new ConfigError('kind', 'app.cpuTask() makes CPU tasks; for I/O tasks use app.task().');
    const contract = defineTask(name, { ...policy, kind: 'cpu' } as ContractOptions);
    return this.implement(contract, { module, export: exportName });
  }

  /** Gives a contract its code. @throws TaskExistsError, ConfigError */
  implement<Args extends readonly unknown[], Result, Kwargs>(
    contract: TaskContract<Args, Result, Kwargs>,
    code: CpuCode,
  ) {
    this.checkKind(contract);
    const { module, export: exportName = 'default' } = checkOptions<CpuCode>(code, 'code', ['module', 'export']);
    if (!(module instanceof URL) && typeof module !== 'string') {
      throw new ConfigError(
        'module',
        `CPU task "${contract.name}" needs its module: new URL('./file.js', import.meta.url).`,
      );
    }
    if (typeof exportName !== 'string') throw new ConfigError('export', '`export` must be the name of an export.');
    this.client.registry.add({ contract, kind: 'cpu', code: { module: hrefOf(module), export: exportName } });
    return this.client.bind(contract);
  }

  protected slots(queue: { cpuWorkers: number }): number {
    return queue.cpuWorkers;
  }

  protected async attempt(attempt: Attempt): Promise<AttemptEnd> {
    const { implementation, message, run, progress } = attempt;
    const { config, middleware } = this.client;
    if (implementation.kind !== 'cpu') throw new TypeError('The CPU lane was given an I/O task.');
    const { contract, code } = implementation;
    try {
      const { schema } = contract;
      // Waiting costs a turn, also for what is there.
      const args = schema.args ? await checkSchema(schema.args, message.args, 'args') : message.args;
      const kwargs = schema.kwargs ? await checkSchema(schema.kwargs, message.kwargs, 'kwargs') : message.kwargs;
      const context = new AttemptContext(attempt, config.logger);
      const { id, name, queue, fence } = context;
      const job = {
        module: String(code.module),
        exportName: code.export ?? 'default',
        args,
        kwargs: contract.takesKwargs ? kwargs : null,
        context: { id, name, queue, attempt: context.attempt, fence },
        maxPayloadBytes: config.maxPayloadBytes,
      };
      const onProgress = (json: string): void => progress.report(json);
      const inThread = () => this.#poolOfThreads().run(job, { run, onProgress });
      if (middleware.length === 0 && !schema.result) return await inThread();
      const call = { context, args, kwargs };
      const value = await throughMiddleware(middleware, call, async () => resultOf(await inThread()));
      return await returned(value, schema, config.maxPayloadBytes);
    } catch (thrown) {
      return thrown instanceof AttemptFailure ? thrown.end : failedAttempt(thrown);
    }
  }

  protected override async release(): Promise<void> {
    await this.#pool?.close();
  }

  #poolOfThreads(): CpuPool {
    const { queues, logger } = this.client.config;
    const threads = [...queues.values()].reduce((sum, { cpuWorkers }) => sum + cpuWorkers, 0);
    this.#pool ??= new CpuPool({ threads, logger });
    return this.#pool;
  }
}

/** What a handler threw in its thread: middleware and what it logs see what was thrown, and where. */
class ThrownInThread extends Error {
  readonly code?: string;

  constructor({ name, message, code, stack, cause }: TaskErrorInfo) {
    super(message, cause && { cause: new ThrownInThread(cause) });
    this.name = name;
    if (code !== undefined) this.code = code;
    this.stack = stack ?? `${name}: ${message}`;
  }
}

/** Carries a failed attempt of the thread through middleware. */
class AttemptFailure extends ThrownInThread {
  constructor(readonly end: FailedAttempt) {
    super(end.error);
  }
}

function resultOf(end: AttemptEnd): unknown {
  if (end.status === 'failed') throw new AttemptFailure(end);
  return JSON.parse(end.resultJson);
}

function hrefOf(module: URL | string): string {
  if (module instanceof URL) return module.href;
  return /^[a-z]+:/i.test(module) ? module : pathToFileURL(module).href;
}
