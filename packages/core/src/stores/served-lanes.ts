import type { BaseBroker, Lane } from '../brokers/base-broker.js';
import { sharedByCopies } from '../shared-by-copies.js';

/** The lanes that this process serves, and how often, per broker: apps may share one. */
const served = sharedByCopies('served-lanes', () => new WeakMap<BaseBroker, Map<string, number>>());

/** Notes that a lane of the queue is being served. @returns takes the note back */
export function noteServed(broker: BaseBroker, queue: string, lane: Lane): () => void {
  const lanes = served.get(broker) ?? new Map<string, number>();
  served.set(broker, lanes);
  const key = keyOf(queue, lane);
  lanes.set(key, (lanes.get(key) ?? 0) + 1);
  return () => void lanes.set(key, (lanes.get(key) ?? 1) - 1);
}

/** Whether somebody in this process serves that lane of the queue. */
export function isServed(broker: BaseBroker, queue: string, lane: Lane): boolean {
  return (served.get(broker)?.get(keyOf(queue, lane)) ?? 0) > 0;
}

function keyOf(queue: string, lane: Lane): string {
  return `${queue}|${lane}`;
}
