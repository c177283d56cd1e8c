import { Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';
import { PostgreSQLSchedulerBackend } from '@flowrra/scheduler-postgres';
import pg from 'pg';

const app = new Flowrra({ url: 'redis://localhost:6379/0' });
export const scheduler = new Scheduler(app, { backend: 'postgresql://shop:secret@localhost:5432/shop' });

// The same, made by hand: an address, or a pg.Pool or a Kysely instance that you have already.
const pool = new pg.Pool({ host: 'localhost', database: 'shop' });
export const backend = new PostgreSQLSchedulerBackend(pool, { tablePrefix: 'shop_' });
