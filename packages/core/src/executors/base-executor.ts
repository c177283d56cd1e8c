import type { Config } from '../config.js';
import { ConfigError } from '../errors.js';
import type { SubmitCall } from '../middleware.js';
import { TaskClient } from '../task-client.js';
import type { SubmitOptionsParameter, TaskContract, TaskKind } from '../tasks/task.js';
import type { TaskHandle } from '../tasks/task-handle.js';
import type { AttemptEnd } from './attempt.js';
import { LaneWorker } from './lane-worker.js';
import { checkStopOptions, type StopOptions } from './run-until-signal.js';
import { type Attempt, TaskRunner } from './task-runner.js';
import { WorkerProcess } from './worker-process.js';

/**
 * Runs the tasks of one kind: the I/O lane or the CPU lane of each served queue. Works alone, with a configuration of its
 * own, or as a part of a `Flowrra`, which passes its own worker process.
 */
export abstract class BaseExecutor {
  abstract readonly kind: TaskKind;
  protected readonly client: TaskClient;
  readonly #process: WorkerProcess;
  readonly #alone: boolean;
  #started = false;
  #servesLanes = false;

  /** @throws ConfigError for a wrong or unknown option */
  constructor(source: Config | WorkerProcess = {}) {
    this.#alone = !(source instanceof WorkerProcess);
    this.#process = source instanceof WorkerProcess ? source : new WorkerProcess(new TaskClient(source));
    this.client = this.#process.client;
  }

  /** Runs one attempt. Never rejects: whatever goes wrong is a failed attempt. */
  protected abstract attempt(attempt: Attempt): Promise<AttemptEnd>;

  /** A task of the other kind would wait in a lane that this executor does not serve. @throws ConfigError */
  protected checkKind({ name, kind }: Pick<TaskContract, 'name' | 'kind'>): void {
    if (kind === this.kind) return;
    const [theirs, ours] = kind === 'cpu' ? ['a CPU', 'I/O'] : ['an I/O', 'CPU'];
    throw new ConfigError(
      'kind',
      `"${name}" is ${theirs} task, and this executor runs ${ours} tasks. Use the other executor, or app.implement().`,
    );
  }

  /** Tasks that may run at once in each served queue. */
  protected abstract slots(queue: { ioWorkers: number; cpuWorkers: number }): number;

  /**
   * Enqueues a call of a task, or of a registered task's name. As `task.submit`. The contract alone gives the types: a
   * call that does not fit must not widen them until it does.
   * @throws TaskNotFoundError
   */
  submit<Args extends readonly unknown[], Result, Kwargs>(
    task: TaskContract<Args, Result, Kwargs>,
    args: NoInfer<Readonly<Args>>,
    ...options: SubmitOptionsParameter<NoInfer<Kwargs>>
  ): Promise<TaskHandle<Result>>;
  submit(taskName: string, args: readonly unknown[], options?: SubmitCall['options']): Promise<TaskHandle>;
  async submit(
    task: TaskContract | string,
    args: readonly unknown[],
    options: SubmitCall['options'] = {},
  ): Promise<TaskHandle> {
    return this.client.submit({ task: this.client.contractOf(task), args, options });
  }

  /**
   * Begins to run tasks. Lanes are served as soon as a task of their kind is registered.
   * @throws BackendError when a store cannot be made or reached
   */
  async start(): Promise<void> {
    await this.#process.start();
    if (this.#started) return;
    this.#started = true;
    if (this.client.registry.hasKind(this.kind)) this.#serveLanes();
    this.client.registry.onAdd((kind) => kind === this.kind && this.#serveLanes());
  }

  /**
   * Claims nothing more, lets what runs finish for `grace`, then hands it back to the queue. Alone, it closes the
   * stores too. May be called more than once.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    const { grace } = checkStopOptions(options);
    if (this.#alone) await this.#process.stop(this.#process.graceOf(grace));
    await this.release();
  }

  /** Frees what the executor holds besides its lanes. */
  protected async release(): Promise<void> {}

  #serveLanes(): void {
    const { session } = this.#process;
    if (this.#servesLanes || !session || session.stopping.aborted) return;
    this.#servesLanes = true;
    const { config, registry, worker } = this.client;
    const runner = new TaskRunner(session, {
      registry,
      kind: this.kind,
      attempt: (attempt) => this.attempt(attempt),
    });
    const run = runner.run.bind(runner);
    for (const [queue, workers] of config.queues) {
      const slots = this.slots(workers);
      if (slots === 0) continue;
      const lane = new LaneWorker(session, {
        queue,
        lane: this.kind,
        slots,
        worker,
        pollInterval: config.pollInterval,
        run,
      });
      this.#process.serve(lane);
    }
  }
}
