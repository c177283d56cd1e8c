import { hostname } from 'node:os';
import { customAlphabet } from 'nanoid';
import type { BackendWaitOptions, BaseResultBackend } from './backends/base-result-backend.js';
import { getBackend } from './backends/get-backend.js';
import type { BaseBroker, NewMessage } from './brokers/base-broker.js';
import { getBroker } from './brokers/get-broker.js';
import type { Config } from './config.js';
import { errorAt } from './error-at.js';
import { ArgumentError, StoppedError, TaskNotFoundError } from './errors.js';
import { TaskEvents } from './events/task-events.js';
import type { Middleware, SubmitCall } from './middleware.js';
import { checkName } from './names.js';
import { type ResolvedConfig, resolveConfig } from './resolve-config.js';
import { JoinedTaskStore } from './stores/joined-task-store.js';
import type { SubmitReply, TaskStore } from './stores/task-store.js';
import { hasSubmit, submitThrough } from './submit-through.js';
import { type MessageSource, prepareMessage } from './tasks/prepare-message.js';
import { isTaskContract, type Task, type TaskContract } from './tasks/task.js';
import { type HandleSource, TaskHandle, type TaskPlace } from './tasks/task-handle.js';
import { TaskRegistry } from './tasks/task-registry.js';
import type { FinishedTaskResult, TaskResult } from './tasks/task-result.js';
import { waitForTask, waitUntil } from './wait-for-task.js';

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
  /** What `open` resolves to, once it has: a call that need not wait for it takes fewer turns of the microtask queue. */
  #stores: OpenStores | undefined;
  readonly #closing = new AbortController();

  constructor(config: Config) {
    this.config = resolveConfig(config);
    this.events = new TaskEvents(this.config.logger);
    this.#source = { newTaskId, origin: this.worker, maxPayloadBytes: this.config.maxPayloadBytes };
  }

  /** @throws BackendError when a store cannot be made or reached; the next call tries again */
  open(): Promise<OpenStores> {
    if (this.#closing.signal.aborted) return Promise.reject(new StoppedError('The app'));
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
      const stores = { store, broker, backend };
      if (!this.#closing.signal.aborted) this.#stores = stores;
      return stores;
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
      'A task is given as what app.task() or defineTask() returned, or to submit() as the name of a registered one.',
    );
  }

  submit(call: SubmitCall): Promise<TaskHandle> {
    return this.#throughMiddleware(call, 0);
  }

  /** One push for all of them; each on its own when middleware wants to see them. Nothing is pushed if one is invalid. */
  async submitMany(calls: readonly SubmitCall[]): Promise<TaskHandle[]> {
    const messages: NewMessage[] = [];
    for (const [index, call] of calls.entries()) {
      try {
        const message = this.prepare(call);
        messages.push(message instanceof Promise ? await message : message);
      } catch (err) {
        throw errorAt(`calls[${index}]`, err);
      }
    }
    // They may come out of it changed, so each is prepared anew.
    if (this.middleware.some(hasSubmit)) return Promise.all(calls.map((call) => this.submit(call)));
    const { store } = this.#stores ?? (await this.open());
    const replies = await store.submit(messages);
    return messages.map((message, i) => this.#submitted(calls[i] as SubmitCall, message, replies[i]));
  }

  // Not async, nor are the steps after it: most calls pass no middleware, and each promise costs more than its step.
  #throughMiddleware(call: SubmitCall, index: number): Promise<TaskHandle> {
    const middleware = this.middleware[index];
    if (!middleware) return this.#submitOne(call);
    const next = (changed: SubmitCall) => this.#throughMiddleware(changed, index + 1);
    return hasSubmit(middleware) ? submitThrough(middleware, call, next) : next(call);
  }

  #submitOne(call: SubmitCall): Promise<TaskHandle> {
    try {
      const message = this.prepare(call);
      const submit = (prepared: NewMessage) => this.#submitMessage(call, prepared);
      return message instanceof Promise ? message.then(submit) : submit(message);
    } catch (err) {
      return Promise.reject(err);
    }
  }

  #submitMessage(call: SubmitCall, message: NewMessage): Promise<TaskHandle> {
    const submit = ({ store }: OpenStores) =>
      store.submit([message]).then(([reply]) => this.#submitted(call, message, reply));
    return this.#stores ? submit(this.#stores) : this.open().then(submit);
  }

  /** The store has answered, once for each message. */
  #submitted({ task }: SubmitCall, message: NewMessage, reply: SubmitReply | undefined): TaskHandle {
    const { known, recorded } = reply as SubmitReply;
    const { id, queue, remembered } = message;
    if (!known) this.events.emit('submitted', () => ({ taskId: id, taskName: task.name, queue }));
    return new TaskHandle(this, id, task, queue, { known: known && remembered, recorded });
  }

  /** Checks a call completely and makes its message. @throws as `prepareMessage` */
  prepare(call: SubmitCall): NewMessage | Promise<NewMessage> {
    return prepareMessage(call, this.#source);
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
        // A hole is a call without arguments, and refused as such.
        const made = Array.from(calls, (args) => ({ task: contract, args, options: options ?? {} }));
        return this.submitMany(made) as Promise<TaskHandle<Result>[]>;
      },
      call: (args, ...[options]) =>
        this.submit({ task: contract, args, options: options ?? {} }).then(
          (handle) => handle.result() as Promise<Result>,
        ),
      handle: (id) => this.handle(contract, id),
    };
  }

  handle<Result>(contract: TaskContract<readonly unknown[], Result>, id: string): TaskHandle<Result> {
    const { queue } = this.contractOf(contract);
    return new TaskHandle<Result>(this, checkName(id, 'id'), contract, queue);
  }

  async get(taskId: string): Promise<TaskResult | null> {
    return (await this.open()).store.get(taskId);
  }

  waitFor(taskId: string, place: TaskPlace, options: BackendWaitOptions): Promise<FinishedTaskResult> {
    const wait = (stores: OpenStores) => {
      const begin = (own: BackendWaitOptions) => waitForTask(stores, taskId, place, own);
      // A backend that is the user's stays open when this client closes, and would not end the wait.
      return stores.backend === this.config.backend.target
        ? waitUntil(this.#closing.signal, options, begin)
        : begin(options);
    };
    return this.#stores ? wait(this.#stores) : this.open().then(wait);
  }

  /** A task may wait in another queue than the one that its handle knows: then its record says in which. */
  async cancel(taskId: string, queue: string): Promise<boolean> {
    const { store } = await this.open();
    if (await store.cancel(queue, taskId)) return true;
    const record = await store.get(taskId);
    return record !== null && record.queue !== queue && store.cancel(record.queue, taskId);
  }

  /** Closes the stores that this client opened; later calls fail with StoppedError. Instances passed in are the user's. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#stores = undefined;
    const stores = await this.#opening?.catch(() => undefined);
    if (stores) await this.#closeOwn(stores);
  }

  async #closeOwn({ broker, backend }: Pick<OpenStores, 'broker' | 'backend'>): Promise<void> {
    if (broker !== this.config.broker.target) await broker.close();
    if (backend !== this.config.backend.target) await backend.close();
  }
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
