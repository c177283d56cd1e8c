// A scheduler node of a chaos run: fires the schedules of the run's database, and notes its pushes.
import { defineTask } from '@flowrra/core';
import { getSchedulerBackend, Scheduler } from '@flowrra/scheduler';
import { codeOf, nextCall, note, reach, settings } from './actor.mjs';
import { openApp } from './noted-app.mjs';

const { app, close } = openApp();
app.use({
  async submit(call, next) {
    const [id, number] = [String(call.options.id), nextCall()];
    note({
      event: 'submit.invoke',
      id,
      call: number,
      kind: 'tick',
      delay: 0,
      priority: 0,
      wall: Date.now(),
    });
    try {
      await reach('before push of a slot');
      const handle = await next(call);
      await reach('after push of a slot');
      note({ event: 'submit.ok', id, call: number, known: handle.known });
      return handle;
    } catch (err) {
      const code = codeOf(err);
      note({ event: code === 'INDETERMINATE_SUBMIT' ? 'submit.info' : 'submit.fail', id, call: number, code });
      throw err;
    }
  },
});

const { url, options } = settings.database;
const backend = await getSchedulerBackend(url, options);
for (const [method, window] of /** @type {const} */ ([
  ['claimDue', 'claim of slots'],
  ['markFirings', 'mark of slots'],
])) {
  const original = /** @type {(...args: any[]) => Promise<any>} */ (backend[method]).bind(backend);
  Object.assign(backend, {
    [method]: async (/** @type {any[]} */ ...args) => {
      await reach(`before ${window}`);
      const reply = await original(...args);
      await reach(`after ${window}`);
      return reply;
    },
  });
}

const scheduler = new Scheduler(app, {
  backend,
  node: settings.actor,
  tasks: [defineTask('tick', { retries: 0 })],
  // The whole ledger is judged.
  retention: { count: 1_000_000 },
});
process.send?.('ready');
await scheduler.run();
await backend.close();
await app.stop();
await close();
