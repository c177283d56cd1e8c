import type { QueueSystem } from './queue-system.js';

/** Loaded where they are needed: no process carries the code of another system. */
export const QUEUE_SYSTEMS = {
  Flowrra: async () => (await import('./flowrra.js')).flowrra,
  BullMQ: async () => (await import('./bullmq.js')).bullmq,
  'Bee-Queue': async () => (await import('./bee-queue.js')).beeQueue,
  'raw limit': async () => (await import('./raw-limit.js')).rawLimit,
} satisfies Record<string, () => Promise<QueueSystem>>;

export type QueueSystemName = keyof typeof QUEUE_SYSTEMS;
