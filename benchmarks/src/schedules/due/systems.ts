import type { DueSystem, Stores } from './due-system.js';

/** Loaded where they are needed: no process carries the code of another system. */
export const DUE_SYSTEMS = {
  Flowrra: async (stores) => (await import('./flowrra.js')).openFlowrra(stores, 'postgres'),
  'Flowrra on SQLite': async (stores) => (await import('./flowrra.js')).openFlowrra(stores, 'sqlite'),
  BullMQ: async (stores) => (await import('./bullmq.js')).openBullmq(stores),
  Agenda: async (stores) => (await import('./agenda.js')).openAgenda(stores),
  'pg-boss': async (stores) => (await import('./pg-boss.js')).openPgBoss(stores),
  'graphile-worker': async (stores) => (await import('./graphile-worker.js')).openGraphileWorker(stores),
} satisfies Record<string, (stores: Stores) => Promise<DueSystem>>;

export type DueSystemName = keyof typeof DUE_SYSTEMS;
