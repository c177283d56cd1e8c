// A process of its own that a test tells what to do with one SQLite file: { id, command, args } → { id, value | error }.
import { SQLiteSchedulerBackend } from '@flowrra/scheduler-sqlite';
import Sqlite from 'better-sqlite3';

let backend = null;
let holder = null;

const commands = {
  /** Opens a backend, which makes the tables, and closes it again. */
  async openAndClose(path) {
    const own = new SQLiteSchedulerBackend(path);
    await own.listAll();
    await own.close();
  },
  async open(path) {
    backend = new SQLiteSchedulerBackend(path);
    await backend.listAll();
  },
  /** Creates, claims and marks; gives back the ids of the firings that it was granted. */
  async work(node, schedules) {
    const granted = [];
    for (const [index, task] of schedules.entries()) {
      const own = { ...revive(task), id: `${node}-${index}`, nextRun: null };
      await backend.create(own);
      const { schedules: due } = await backend.readDue({ limit: 20 });
      const firings = await backend.claimDue(due.map(decide), { node });
      await backend.markFirings(firings, { state: 'submitted' });
      granted.push(...firings.map(({ id }) => id));
      await backend.delete(own.id);
    }
    return granted;
  },
  /** Takes the write lock, as a backup or a person with a shell would. */
  hold(path) {
    holder = new Sqlite(path);
    holder.exec('begin immediate');
  },
  holdAndDelete(path) {
    commands.hold(path);
    holder.exec('delete from flowrra_schedules');
  },
  release() {
    holder.exec('rollback');
    holder.close();
  },
  async failToOpen(path) {
    try {
      await commands.openAndClose(path);
    } catch (err) {
      return { code: err.code, message: err.message };
    }
  },
};

function decide(task) {
  const { id: scheduleId, incarnation, revision, nextRun } = task;
  const slot = {
    id: `slot-${scheduleId}-${nextRun.getTime()}`,
    slot: nextRun,
    until: null,
    count: 1,
    kind: 'slot',
    state: 'claimed',
    reason: null,
  };
  return { scheduleId, incarnation, revision, dueAt: nextRun, nextRun: null, error: null, firings: [slot] };
}

function revive(task) {
  return { ...task, createdAt: new Date(task.createdAt), updatedAt: new Date(task.updatedAt) };
}

process.on('message', async ({ id, command, args }) => {
  try {
    process.send({ id, value: await commands[command](...args) });
  } catch (err) {
    process.send({ id, error: `${err.name} ${err.code}: ${err.message}` });
  }
});
process.on('disconnect', () => process.exit());
