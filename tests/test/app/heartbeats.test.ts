import { InMemoryBroker } from '@flowrra/backend-memory';
import { type Acknowledgement, type ExtendReply, Flowrra, type Lease } from '@flowrra/core';
import { expect, it, onTestFinished } from 'vitest';
import { deferred, silentLogger } from '../../support/world.js';

/** Lets a heartbeat overtake the reply to an acknowledgement. */
class SlowlyAnsweringBroker extends InMemoryBroker {
  readonly overtaken = deferred();
  #acked = false;

  override async ack(acknowledgements: readonly Acknowledgement[]): Promise<boolean[]> {
    const replies = await super.ack(acknowledgements);
    this.#acked = true;
    await this.overtaken.promise;
    return replies;
  }

  override async extend(leases: readonly Lease[], leaseMs: number): Promise<ExtendReply[]> {
    const replies = await super.extend(leases, leaseMs);
    if (this.#acked) setImmediate(() => this.overtaken.resolve());
    return replies;
  }
}

it('a heartbeat that meets a task which has just ended does not call its lease lost', async () => {
  const broker = new SlowlyAnsweringBroker();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_data: object, message: string) => void warnings.push(message) };
  const app = new Flowrra({ broker, logger, executor: { lease: 300 } });
  onTestFinished(async () => {
    await app.stop();
    await broker.close();
  });
  const lost: string[] = [];
  app.on('leaseLost', ({ taskId }) => void lost.push(taskId));
  const finished = deferred();
  app.on('finished', () => finished.resolve());
  const task = app.task('task', () => 'done');
  await app.start();
  expect(await task.call([])).toBe('done');
  await finished.promise;
  expect(lost).toEqual([]);
  expect(warnings).toEqual([]);
});
