import { Flowrra } from '@flowrra/core';
import { Scheduler } from '@flowrra/scheduler';
import { MySQLSchedulerBackend } from '@flowrra/scheduler-mysql';

const app = new Flowrra({ url: 'redis://localhost:6379/0' });
export const scheduler = new Scheduler(app, { backend: 'mariadb://shop:secret@localhost:3306/shop' });

// The same, made by hand: an address, or a pool of mysql2 or a Kysely instance that you have already.
export const backend = new MySQLSchedulerBackend('mysql://shop:secret@localhost:3306/shop', {
  tablePrefix: 'shop_',
  poolSize: 4,
});
