import type { Page } from './backends/base-result-backend.js';
import type { QueueSize } from './brokers/base-broker.js';
import { type Clock, sleep, systemClock } from './clock.js';
import type { Config } from './config.js';
import { ArgumentError, ConfigError } from './errors.js';
import type { TaskEventMap, TaskEventName } from './events/task-events.js';
import { CPUExecutor } from './executors/cpu-executor.js';
import { IOExecutor } from './executors/io-executor.js';
import {
  checkRunOptions,
  checkStopOptions,
  type RunOptions,
  runUntilSignal,
  type StopOptions,
} from './executors/run-until-signal.js';
import { WorkerProcess } from './executors/worker-process.js';
import type { Logger } from './logger.js';
import { type Middleware, rolesOf, type Service, type SubmitCall } from './middleware.js';
import { checkName } from './names.js';
import { checkOptions } from './options.js';
import { isScheduleService, type ScheduleService } from './scheduling/schedule-service.js';
import { TaskClient } from './task-client.js';
import { isTaskContract, type Task, type TaskContract } from './tasks/task.js';
import type { TaskHandle } from './tasks/task-handle.js';
import type { CpuCode } from './tasks/task-registry.js';
import type { TaskResult } from './tasks/task-result.js';
import { isTaskStatus, type TaskStatus } from './tasks/task-status.js';

/** Milliseconds that a stop waits for a service that is starting; one whose store hangs may take its deadline. */
const SERVICES_START_WITHIN = 1_000;

/**
 * A task queue: turns functions into tasks, submits them, and runs them once it is started. Submitting needs no start.
 *
 * @example
 * const app = new Flowrra({ url: 'redis://localhost:6379' });
 * const add = app.task('add', (a: number, b: number) => a + b);
 * await app.start();
 * const handle = await add.submit([2, 3]);
 * console.log(await handle.result()); // 5
 * await app.stop();
 */
export class Flowrra {
  readonly #client: TaskClient;
  readonly #process: WorkerProcess;
  readonly #io: IOExecutor;
  readonly #cpu: CPUExecutor;
  readonly #services: Service[] = [];
  readonly #startedServices = new Set<Service>();
  #starting: Promise<void> | undefined;
  #executorsStarting: Promise<unknown> | undefined;
  #running = false;
  #stopping: Promise<void> | undefined;

  /** Registers a function as an I/O task. @throws TaskExistsError, ConfigError, ArgumentError */
  readonly task: IOExecutor['task'];

  /** Registers an exported function of a module as a CPU task, run in a thread. @throws TaskExistsError, ConfigError, ArgumentError */
  readonly cpuTask: CPUExecutor['cpuTask'];

  /** Enqueues one call. As `task.submit`, also for a contract from `defineTask` that has no code here. */
  readonly submit: IOExecutor['submit'];

  /** Opens nothing; stores are connected at the first use. @throws ConfigError for a wrong or unknown option */
  constructor(config: Config = {}) {
    this.#client = new TaskClient(config);
    this.#process = new WorkerProcess(this.#client);
    this.#io = new IOExecutor(this.#process);
    this.#cpu = new CPUExecutor(this.#process);
    this.task = this.#io.task.bind(this.#io);
    this.cpuTask = this.#cpu.cpuTask.bind(this.#cpu);
    this.submit = this.#io.submit.bind(this.#io);
  }

  /**
   * Gives a contract its code: a function for an I/O task, `{ module, export }` for a CPU task.
   * @throws TaskExistsError, ConfigError
   */
  implement<Args extends readonly unknown[], Result, Kwargs>(
    contract: TaskContract<Args, Result, Kwargs>,
    code: NoInfer<HandlerOf<Args, Result, Kwargs>> | CpuCode,
  ): Task<Args, Result, Kwargs> {
    if (!isTaskContract(contract))
      throw new ArgumentError('contract', 'implement() takes what defineTask() returned, and its code.');
    if (contract.kind === 'io') {
      if (typeof code !== 'function')
        throw new ConfigError('handler', `"${contract.name}" is an I/O task: implement it with a function.`);
      return this.#io.implement(contract, code);
    }
    if (typeof code === 'function')
      throw new ConfigError('module', `"${contract.name}" is a CPU task: implement it with { module, export }.`);
    return this.#cpu.implement(contract, code);
  }

  /** The handle of a task that was submitted elsewhere. @throws ArgumentError for a malformed id */
  handle<Result>(task: TaskContract<readonly unknown[], Result>, id: string): TaskHandle<Result> {
    return this.#client.handle(task, id);
  }

  /** All that is known of a task; null when nothing is. */
  get(taskId: string): Promise<TaskResult | null> {
    return this.#client.get(checkName(taskId, 'taskId'));
  }

  /** Tasks with that status, newest first. @throws NotImplementedError when the backend cannot list */
  async listByStatus(status: TaskStatus, page: Page = {}): Promise<TaskResult[]> {
    checkOptions<Page>(page, 'page', ['limit', 'offset']);
    if (!isTaskStatus(status)) throw new ArgumentError('status', 'status must be one of TaskStatus.');
    return (await this.#client.open()).store.listByStatus(status, page);
  }

  /** How many tasks of a queue wait, are delayed, run, and were given up. */
  async queueSize(queue: string): Promise<QueueSize> {
    return (await this.#client.open()).store.size(checkName(queue, 'queue'));
  }

  /** Per task id: whether the broker holds it, waiting, delayed, running or given up. */
  async holds(taskIds: readonly string[]): Promise<boolean[]> {
    if (!Array.isArray(taskIds)) throw new ArgumentError('taskIds', 'taskIds must be a list of ids.');
    for (const id of taskIds) checkName(id, 'taskId');
    return (await this.#client.open()).store.holds(taskIds);
  }

  /** For how many milliseconds the broker knows an explicit id after its task ended. */
  async dedupeWindow(): Promise<number> {
    return (await this.#client.open()).broker.dedupeWindow;
  }

  /** The contract of a task that is registered here; null when there is none of that name. */
  findTask(name: string): TaskContract | null {
    return this.#client.registry.get(name)?.contract ?? null;
  }

  /**
   * Checks a call as `submit` does before it writes anything, and writes nothing.
   * @throws ArgumentError, ConfigError, SerializationError, PayloadTooLargeError, SchemaError
   */
  async checkCall(task: TaskContract, args: readonly unknown[], options: SubmitCall['options'] = {}): Promise<void> {
    await this.#client.prepare({ task: this.#client.contractOf(task), args, options });
  }

  /** The clock of this app, also for its services. */
  get clock(): Clock {
    return this.#client.config.clock;
  }

  /** The logger of this app, also for its services. */
  get logger(): Logger {
    return this.#client.config.logger;
  }

  /** Watches what happens in this process. @returns ends the subscription @throws ArgumentError for an unknown event */
  on<Name extends TaskEventName>(event: Name, listener: (event: TaskEventMap[Name]) => void): () => void {
    return this.#client.events.on(event, listener);
  }

  /**
   * Adds code around submits and attempts, or a service that starts and stops with the app, or what is both; at once, if
   * the app runs. What was added before is not added again.
   * @throws ConfigError
   */
  use(extension: Middleware | Service): this {
    const { middleware, service } = rolesOf(extension);
    if (middleware && !this.#client.middleware.includes(middleware)) this.#client.middleware.push(middleware);
    if (service && !this.#services.includes(service)) this.#addService(service);
    return this;
  }

  #addService(service: Service): void {
    this.#services.push(service);
    if (!this.#running) return;
    const started = (this.#starting ?? Promise.resolve()).then(() => (this.#stopping ? undefined : this.start()));
    started.catch((err: unknown) => {
      if (!this.#stopping)
        this.logger.error({ err }, 'a service that was added to a running app did not start; app.start() tries again');
    });
  }

  /** The scheduler that was attached first. @throws ConfigError when there is none */
  get scheduler(): ScheduleService {
    const scheduler = this.#services.find(isScheduleService);
    if (scheduler) return scheduler;
    throw new ConfigError(
      'scheduler',
      'No scheduler is attached to this app. Create one: new Scheduler(app), from @flowrra/scheduler.',
    );
  }

  /**
   * Begins to run tasks in this process: the lanes of its queues, and the services. May be called more than once: what
   * runs already goes on, and what could not be started is tried again.
   * @throws BackendError when a store cannot be made or reached
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    this.#executorsStarting = Promise.all([this.#io.start(), this.#cpu.start()]);
    await this.#executorsStarting;
    for (const service of this.#services) {
      if (this.#stopping) return;
      if (this.#startedServices.has(service)) continue;
      await service.start();
      this.#startedServices.add(service);
    }
    this.#running = true;
  }

  /**
   * Ends: no claim is made from now on; running tasks may finish for `grace` (default `executor.stopGrace`), then they
   * go back to their queue; then the stores are closed. May be called more than once.
   * @throws ConfigError, ArgumentError for a wrong option
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const grace = this.#process.graceOf(checkStopOptions(options).grace);
    this.#stopping ??= this.#stop(grace);
    return this.#stopping;
  }

  async #stop(grace: number): Promise<void> {
    // At once: services may take their time.
    this.#process.stopClaiming();
    await this.#startEnds();
    const stopped = await Promise.allSettled(this.#services.map(async (service) => service.stop({ grace })));
    await this.#process.stop(grace);
    await Promise.all([this.#io.stop(), this.#cpu.stop()]);
    // A service that cannot stop is reported once everything else has.
    for (const end of stopped) if (end.status === 'rejected') throw end.reason;
  }

  /** Waits for a start that is under way, but not for a service that hangs, as with a store that does not answer. */
  async #startEnds(): Promise<void> {
    await this.#executorsStarting?.catch(() => {});
    const ended = new AbortController();
    const starting = this.#starting?.catch(() => {}).finally(() => ended.abort());
    if (starting)
      await Promise.race([
        starting,
        sleep(systemClock, SERVICES_START_WITHIN, { signal: ended.signal }).catch(() => {}),
      ]);
  }

  /**
   * The main of a worker process: starts, runs until SIGTERM, SIGINT or `signal`, stops. A second signal ends the process at once
   * with exit code 1. A promise that is rejected with nobody to hear it stops in order, with exit code 1. Handlers that
   * ignore their signal do not keep the process: what they ran is another worker's by then.
   */
  async run(options: RunOptions = {}): Promise<void> {
    const { signal, grace: given } = checkRunOptions(options);
    const grace = this.#process.graceOf(given);
    return runUntilSignal({
      start: () => this.start(),
      stop: () => this.stop({ grace }),
      signal,
      runningHandlers: () => this.#process.session?.runningHandlers ?? 0,
      clock: this.#client.config.clock,
      logger: this.#client.config.logger,
    });
  }
}

/** The function that a contract describes. */
export type HandlerOf<Args extends readonly unknown[], Result, Kwargs> = [Kwargs] extends [undefined]
  ? (...args: Args) => Result | Promise<Result>
  : (...args: [...Args, Kwargs]) => Result | Promise<Result>;
