import type { BaseSchedulerBackend, Clock, Logger } from '@flowrra/core';
import { ManualClock } from '@flowrra/core/testing';
import type { SchedulerBackendWorld } from '../../src/conformance/index.js';
import { DamageableBackend } from './damageable-backend.js';

const ignore = (): void => {};
const silent: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

/** A backend that lives in memory; by default on a clock of its own. */
export async function createMemoryWorld(
  backend: BaseSchedulerBackend,
  clock: Clock = new ManualClock(),
): Promise<SchedulerBackendWorld> {
  const context = { clock, logger: silent };
  await backend.open(context);
  return {
    ...(clock instanceof ManualClock && { advance: (ms: number) => clock.advance(ms) }),
    ...(backend instanceof DamageableBackend && { damage: (id: string) => backend.damage(id) }),
    backend,
    context,
    another: async () => anotherDoor(backend),
    noticeWithin: 200,
    close: () => backend.close(),
  };
}

/** Memory is shared by sharing the instance: what another node of the process holds is the same one. */
function anotherDoor(backend: BaseSchedulerBackend): BaseSchedulerBackend {
  return new Proxy(backend, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
