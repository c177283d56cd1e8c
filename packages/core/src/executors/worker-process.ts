import { type BaseBroker, CANCEL_TOPIC } from '../brokers/base-broker.js';
import { type Duration, parseDuration } from '../duration.js';
import { StoppedError } from '../errors.js';
import { noteServed } from '../stores/served-lanes.js';
import type { TaskClient } from '../task-client.js';
import type { LaneWorker } from './lane-worker.js';
import { WorkerSession } from './worker-session.js';

/** What the executors of one process share while they serve: the session, and how it starts and stops. */
export class WorkerProcess {
  readonly #lanes: LaneWorker[] = [];
  readonly #ends: (() => void | Promise<void>)[] = [];
  #session: WorkerSession | undefined;
  #claimsEnded = false;
  #broker: BaseBroker | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(readonly client: TaskClient) {}

  /** Undefined until started. */
  get session(): WorkerSession | undefined {
    return this.#session;
  }

  /** @throws BackendError when a store cannot be made or reached */
  start(): Promise<void> {
    if (this.#stopping) return Promise.reject(new StoppedError('The app'));
    this.#starting ??= this.#start().catch((err: unknown) => {
      this.#starting = undefined;
      throw err;
    });
    return this.#starting;
  }

  async #start(): Promise<void> {
    const { client } = this;
    const { clock, logger, lease, queues } = client.config;
    const { store, broker } = await client.open();
    // A first question, so that a store which is away is an error of start() and not a line in the log.
    await Promise.all([...queues.keys()].map((queue) => store.size(queue)));
    const session = new WorkerSession(store, { clock, logger, events: client.events, lease });
    if (broker.supports.events)
      this.#ends.push(await broker.subscribe(CANCEL_TOPIC, (taskId) => void session.onCancel(taskId)));
    this.#broker = broker;
    this.#session = session;
    if (this.#claimsEnded) session.stopClaiming();
  }

  /** Starts a lane that ends with this process. */
  serve(worker: LaneWorker): void {
    if (this.#broker) this.#ends.push(noteServed(this.#broker, worker.queue, worker.lane));
    this.#lanes.push(worker);
    worker.start();
  }

  /** Milliseconds; default `executor.stopGrace`. @throws ArgumentError when it is no duration */
  graceOf(grace: Duration | undefined): number {
    return grace === undefined ? this.client.config.stopGrace : parseDuration(grace, 'grace');
  }

  /** No claim is made from now on, nor when a start that is under way has ended. */
  stopClaiming(): void {
    this.#claimsEnded = true;
    this.#session?.stopClaiming();
  }

  /** Ends claims at once, drains for `grace` ms, and closes the stores. */
  stop(grace: number): Promise<void> {
    this.#stopping ??= this.#stop(grace);
    return this.#stopping;
  }

  async #stop(grace: number): Promise<void> {
    this.stopClaiming();
    await this.#starting?.catch(() => {});
    await Promise.all([this.#session?.drain(grace), ...this.#lanes.map((lane) => lane.stopped())]);
    // A claim that was under way may have brought more.
    await this.#session?.drain(grace);
    for (const end of this.#ends) await end();
    await this.client.close();
  }
}
