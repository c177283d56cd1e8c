import { hostname } from 'node:os';
import { customAlphabet } from 'nanoid';
import type { BackendWaitOptions, BaseResultBackend } from './backends/base-result-backend.js';
import { getBackend } from './backends/get-backend.js';
import type { BaseBroker, Lane, NewMessage } from './brokers/base-broker.js';
import { getBroker } from './brokers/get-broker.js';
import type { Config } from './config.js';
import { ArgumentError, ConfigError, NoWorkerError, StoppedError, TaskNotFoundError } from './errors.js';
import { TaskEvents } from './events/task-events.js';
import type { Middleware, SubmitCall } from './middleware.js';
import { checkName } from './names.js';
import { type ResolvedConfig, resolveConfig } from './resolve-config.js';
import { JoinedTaskStore } from './stores/joined-task-store.js';
import { isServed } from './stores/served-lanes.js';
import type { SubmitReply, TaskStore } from './stores/task-store.js';
import { type MessageSource, prepareMessage } from './tasks/prepare-message.js';
import { isTaskContract, type Task, type TaskContract } from './tasks/task.js';
import { type HandleSource, TaskHandle } from './tasks/task-handle.js';
import { TaskRegistry } from './tasks/task-registry.js';
import { type FinishedTaskResult, isFinished, type TaskResult } from './tasks/task-result.js';

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 21 characters: 125 random bits. */
const randomId = customAlphabet(ALPHANUMERIC, 21);
function newTaskId(): string {
  const id = randomId();
  // It was put together character by character, and is kept as these pieces until somebody looks into it.
  id.charCodeAt(0);
  return id;
}
const newProcessTag = customAlphabet(ALPHANUMERIC, 8);

/** The two stores, opened and joined. */
interface OpenStores {
  readonly store: TaskStore;
  readonly broker: BaseBroker;
  readonly backend: BaseResultBackend;
}

/** The submitting half of an app, which executors share: tasks, stores, submit, handles. Opens its stores on first use. */
export class TaskClient implements HandleSource {
  readonly config: ResolvedConfig;
  readonly registry = new TaskRegistry();
  readonly events: TaskEvents;
  /** Names this process in leases, results and completion notices; another one at every start. */
  readonly worker = `${hostname()}-${process.pid}-${newProcessTag()}`;
  readonly middleware: Middleware[] = [];
  readonly #source: MessageSource;
  #opening: Promise<OpenStores> | undefined;
  #closed = false;

  constructor(config: Config) {
    this.config = resolveConfig(config);
    this.events = new TaskEvents(this.config.logger);
    this.#source = { newTaskId, origin: this.worker, maxPayloadBytes: this.config.maxPayloadBytes };
  }

  /** @throws BackendError when a store cannot be made or reached; the next call tries again */
  open(): Promise<OpenStores> {
    if (this.#closed) return Promise.reject(new StoppedError('The app'));
    this.#opening ??= this.#openStores().catch((err: unknown) => {
      this.#opening = undefined;
      throw err;
    });
    return this.#opening;
  }

  async #openStores(): Promise<OpenStores> {
    const { config } = this;
    const context = { clock: config.clock, logger: config.logger };
    const backend = await getBackend(config.backend.target, config.backend.options);
    const own = config.brokerFollowsBackend ? backend.createBroker(config.broker.options) : null;
    const broker = own ?? (await getBroker(config.broker.target, config.broker.options));
    try {
      await backend.open(context);
      await broker.open(context);
      const store = (await broker.fuse(backend)) ?? new JoinedTaskStore(broker, backend, context);
      return { store, broker, backend };
    } catch (err) {
      await this.#closeOwn({ broker, backend });
      throw err;
    }
  }

  /** The contract itself, or that of a registered name. @throws TaskNotFoundError, ArgumentError */
  contractOf(task: TaskContract | string): TaskContract {
    if (typeof task === 'string') {
      const registered = this.registry.get(task);
      if (!registered) throw new TaskNotFoundError(task);
      return registered.contract;
    }
    if (isTaskContract(task)) return task;
    throw new ArgumentError(
      'task',
      'submit() takes what app.task() or defineTask() returned, or the name of a registered task.',
    );
  }

  async submit(call: SubmitCall): Promise<TaskHandle> {
    return this.#throughMiddleware(call, 0);
  }

  /** One push for all of them; each on its own when middleware wants to see them. */
  async submitMany(calls: readonly SubmitCall[]): Promise<TaskHandle[]> {
    if (this.middleware.some((middleware) => middleware.submit))
      return Promise.all(calls.map((call) => this.submit(call)));
    return this.#push(calls);
  }

  async #throughMiddleware(call: SubmitCall, index: number): Promise<TaskHandle> {
    const middleware = this.middleware[index];
    if (middleware?.submit)
      return checkHandle(await middleware.submit(call, (next) => this.#throughMiddleware(next, index + 1)));
    if (middleware) return this.#throughMiddleware(call, index + 1);
    const [handle] = await this.#push([call]);
    return handle as TaskHandle;
  }

  /** Checks a call completely and makes its message. @throws as `prepareMessage` */
  prepare(call: SubmitCall): NewMessage | Promise<NewMessage> {
    return prepareMessage(call, this.#source);
  }

  async #push(calls: readonly SubmitCall[]): Promise<TaskHandle[]> {
    const messages: NewMessage[] = [];
    for (const call of calls) {
      const message = this.prepare(call);
      messages.push(message instanceof Promise ? await message : message);
    }
    const { store } = await this.open();
    const replies = await store.submit(messages);
    return messages.map((message, i) => {
      const { task } = calls[i] as SubmitCall;
      const { known, recorded } = replies[i] as SubmitReply;
      if (!known)
        this.events.emit('submitted', () => ({ taskId: message.id, taskName: task.name, queue: message.queue }));
      return new TaskHandle(this, message.id, task, message.queue, { known: known && message.remembered, recorded });
    });
  }

  /** The contract as a task of this client: with `submit`, `call` and the rest bound to it. */
  bind<Args extends readonly unknown[], Result, Kwargs>(
    contract: TaskContract<Args, Result, Kwargs>,
  ): Task<Args, Result, Kwargs> {
    // The handle's type is that of the contract's handler, which the store cannot know.
    return {
      ...contract,
      submit: (args, ...[options]) =>
        this.submit({ task: contract, args, options: options ?? {} }) as Promise<TaskHandle<Result>>,
      submitMany: async (calls, ...[options]) => {
        checkMany(calls, options);
        const made = calls.map((args) => ({ task: contract, args, options: options ?? {} }));
        return this.submitMany(made) as Promise<TaskHandle<Result>[]>;
      },
      call: async (args, ...[options]) => {
        const handle = await this.submit({ task: contract, args, options: options ?? {} });
        return handle.result() as Promise<Result>;
      },
      handle: (id) => this.handle(contract, id),
    };
  }

  handle<Result>(contract: TaskContract<readonly unknown[], Result>, id: string): TaskHandle<Result> {
    return new TaskHandle<Result>(this, checkName(id, 'id'), contract, contract.queue);
  }

  async get(taskId: string): Promise<TaskResult | null> {
    return (await this.open()).store.get(taskId);
  }

  async waitFor(
    taskId: string,
    { queue, lane }: { queue: string; lane: Lane },
    options: BackendWaitOptions,
  ): Promise<FinishedTaskResult> {
    const { store, broker } = await this.open();
    if (broker.supports.processLocal && !isServed(broker, queue, lane)) {
      const result = await store.get(taskId);
      if (result && isFinished(result)) return result;
      throw new NoWorkerError(taskId, queue, lane);
    }
    return store.waitFor(taskId, options);
  }

  async cancel(taskId: string, queue: string): Promise<boolean> {
    return (await this.open()).store.cancel(queue, taskId);
  }

  /** Closes the stores that this client opened; later calls fail with StoppedError. Instances passed in are the user's. */
  async close(): Promise<void> {
    this.#closed = true;
    const stores = await this.#opening?.catch(() => undefined);
    if (stores) await this.#closeOwn(stores);
  }

  async #closeOwn({ broker, backend }: Pick<OpenStores, 'broker' | 'backend'>): Promise<void> {
    if (broker !== this.config.broker.target) await broker.close();
    if (backend !== this.config.backend.target) await backend.close();
  }
}

/** What a middleware hands back goes to the submitter. */
function checkHandle(handle: TaskHandle | undefined): TaskHandle {
  if (handle) return handle;
  throw new ConfigError(
    'middleware',
    'A submit middleware returned no handle. It must return what next(call) resolves to, or throw to refuse the call.',
  );
}

function checkMany(calls: unknown, options: { id?: string | undefined } | undefined): void {
  if (!Array.isArray(calls))
    throw new ArgumentError('calls', 'submitMany() takes an array of calls, each an array of arguments.');
  if (calls.length > 1 && options?.id !== undefined)
    throw new ArgumentError(
      'id',
      'submitMany() with one id would enqueue the first call and drop the others. Submit each with an id of its own.',
    );
}
