import { Flowrra, getBackend, TaskFailedError, TaskStatus, WaitTimeoutError } from '@flowrra/core';

const backend = await getBackend(null, { ttl: '1h' }); // or 'redis://localhost:6379/0'
const app = new Flowrra({ backend });
const half = app.task('half', { retries: 0 }, (n: number) => {
  if (n % 2 === 1) throw new Error(`${n} is odd`);
  return n / 2;
});
await app.start();

const good = await half.submit([4]);
console.log(await good.result({ timeout: '10s' })); // throws WaitTimeoutError when it takes longer

const bad = await half.submit([5]);
try {
  await bad.result();
} catch (err) {
  if (err instanceof TaskFailedError) console.log(err.error.message); // 5 is odd
  if (err instanceof WaitTimeoutError) await bad.cancel();
}
const outcome = await bad.outcome(); // does not throw for a failed task: narrow on `status`
if (outcome.status === 'success') console.log(outcome.result);
else console.log(outcome.status, outcome.error.name); // failed Error

const elsewhere = half.handle(good.id); // the same task from any process that shares the store
console.log(await elsewhere.status());
console.log((await app.listByStatus(TaskStatus.FAILED, { limit: 10 })).map(({ taskId }) => taskId === bad.id));

await app.stop();
await backend.close(); // whoever opens a store closes it
