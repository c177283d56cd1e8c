import { Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';
import { SQLiteSchedulerBackend } from '@flowrra/scheduler-sqlite';

const app = new Flowrra();
export const scheduler = new Scheduler(app, { backend: 'sqlite:///var/lib/shop/schedules.db' });

// The same, made by hand: a path, or a better-sqlite3 Database or a Kysely instance that you have already.
export const backend = new SQLiteSchedulerBackend('/var/lib/shop/schedules.db', { tablePrefix: 'shop_' });
