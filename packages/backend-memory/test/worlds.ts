import { JoinedTaskStore, type TaskStore, type Timer } from '@flowrra/core';
import type {
  BrokerSettings,
  BrokerWorld,
  ResultBackendSettings,
  ResultBackendWorld,
  TaskStoreSettings,
  TaskStoreWorld,
} from '@flowrra/core/conformance';
import { ManualClock } from '@flowrra/core/testing';
import { InMemoryBackend } from '../src/in-memory-backend.js';
import { InMemoryBroker, type InMemoryBrokerOptions } from '../src/in-memory-broker.js';

/** A manual clock that knows which of its timers are still running. */
export class CountingClock extends ManualClock {
  readonly #running = new Map<Timer, { keepAlive?: boolean }>();

  get runningTimers(): number {
    return this.#running.size;
  }

  /** Whether one of the running timers would keep a process from ending. */
  get keepsAlive(): boolean {
    return [...this.#running.values()].some(({ keepAlive = true }) => keepAlive);
  }

  override after(ms: number, run: () => void, options: { keepAlive?: boolean } = {}): Timer {
    const inner = super.after(ms, () => {
      this.#running.delete(timer);
      run();
    });
    const timer = {
      cancel: () => {
        this.#running.delete(timer);
        inner.cancel();
      },
    };
    this.#running.set(timer, options);
    return timer;
  }
}

export type BackendClass = new (options: { ttl?: number | null }) => InMemoryBackend;

/** A memory backend (or a broken one) on a clock of its own. */
export async function createBackendWorld(
  { ttl, logger }: ResultBackendSettings,
  Backend: BackendClass = InMemoryBackend,
): Promise<ResultBackendWorld> {
  const clock = new CountingClock();
  const open = async (): Promise<InMemoryBackend> => {
    const backend = new Backend({ ttl });
    await backend.open({ clock, logger });
    return backend;
  };
  const backend = await open();
  return {
    backend,
    neighbour: open,
    advance: (ms) => clock.advance(ms),
    async leftovers() {
      const waits = Array.from({ length: backend.pendingWaits }, () => 'wait');
      return [...waits, ...Array.from({ length: clock.runningTimers }, () => 'timer')];
    },
    close: () => backend.close(),
  };
}

export type BrokerClass = new (options: InMemoryBrokerOptions) => InMemoryBroker;

/** A memory broker (or a broken one) on a clock of its own. */
export async function createBrokerWorld(
  { policy, logger }: BrokerSettings,
  Broker: BrokerClass = InMemoryBroker,
): Promise<BrokerWorld> {
  const clock = new CountingClock();
  const broker = new Broker(policy);
  await broker.open({ clock, logger });
  return { broker, advance: (ms) => clock.advance(ms), close: () => broker.close() };
}

/** The memory pair, joined (or joined badly), on one clock. */
export async function createStoreWorld(
  settings: TaskStoreSettings,
  Store: typeof JoinedTaskStore = JoinedTaskStore,
): Promise<TaskStoreWorld> {
  const { broker, backend, context, ...world } = await openPair(settings);
  return { ...world, broker, backend, store: new Store(broker, backend, context) };
}

/** The memory pair as one, as apps have it. */
export async function createFusedWorld(settings: TaskStoreSettings): Promise<TaskStoreWorld> {
  const { broker, backend, context: _context, ...world } = await openPair(settings);
  return { ...world, broker, backend, store: await fused(broker, backend) };
}

export async function fused(broker: InMemoryBroker, backend: InMemoryBackend): Promise<TaskStore> {
  const store = await broker.fuse(backend);
  if (!store) throw new Error('The memory pair does not fuse.');
  return store;
}

async function openPair({ policy, ttl, logger }: TaskStoreSettings) {
  const clock = new CountingClock();
  const context = { clock, logger };
  const broker = new InMemoryBroker(policy);
  const backend = new InMemoryBackend({ ttl });
  await Promise.all([broker.open(context), backend.open(context)]);
  return {
    broker,
    backend,
    context,
    advance: (ms: number) => clock.advance(ms),
    async close() {
      await Promise.all([broker.close(), backend.close()]);
    },
  };
}
