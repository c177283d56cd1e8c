import type { BaseBroker } from '../brokers/base-broker.js';
import { sharedByCopies } from '../shared-by-copies.js';

/** How many lanes of each queue this process serves, per broker: apps may share one. */
const served = sharedByCopies('served-lanes', () => new WeakMap<BaseBroker, Map<string, number>>());

/** Notes that a lane of the queue is being served. @returns takes the note back */
export function noteServed(broker: BaseBroker, queue: string): () => void {
  const lanes = served.get(broker) ?? new Map<string, number>();
  served.set(broker, lanes);
  lanes.set(queue, (lanes.get(queue) ?? 0) + 1);
  return () => void lanes.set(queue, (lanes.get(queue) ?? 1) - 1);
}

/** Whether somebody in this process serves a lane of the queue. */
export function isServed(broker: BaseBroker, queue: string): boolean {
  return (served.get(broker)?.get(queue) ?? 0) > 0;
}
