import { InMemoryBroker } from '@flowrra/backend-memory';
import { type Acknowledgement, type ExtendReply, Flowrra, type Lease, StoreUnavailableError } from '@flowrra/core';
import { describe, expect, it, onTestFinished } from 'vitest';
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

/** Carries the first acknowledgement out, and loses the reply. */
class ForgetfulBroker extends InMemoryBroker {
  #lost = false;

  override async ack(acknowledgements: readonly Acknowledgement[]): Promise<boolean[]> {
    const replies = await super.ack(acknowledgements);
    if (this.#lost) return replies;
    this.#lost = true;
    throw new StoreUnavailableError('The reply was lost.');
  }
}

/** Runs one task to its end. @returns what was said of a lost lease or a refused result */
async function complaintsOfOneTask(broker: InMemoryBroker, lease: number): Promise<string[]> {
  const complaints: string[] = [];
  const logger = { ...silentLogger, warn: (_data: object, message: string) => void complaints.push(message) };
  const app = new Flowrra({ broker, logger, executor: { lease } });
  onTestFinished(async () => {
    await app.stop();
    await broker.close();
  });
  app.on('leaseLost', () => void complaints.push('leaseLost'));
  const finished = deferred();
  app.on('finished', () => finished.resolve());
  const task = app.task('task', () => 'done');
  await app.start();
  expect(await task.call([])).toBe('done');
  await finished.promise;
  return complaints;
}

describe('a heartbeat that meets a task which has just ended', () => {
  it('does not call its lease lost', async () => {
    expect(await complaintsOfOneTask(new SlowlyAnsweringBroker(), 300)).toEqual([]);
  });

  it('does not do so either while the worker asks again, because it did not hear that the task has ended', async () => {
    // A beat comes every 50 ms, and the worker asks again after 50 ms at the earliest.
    expect(await complaintsOfOneTask(new ForgetfulBroker(), 150)).toEqual([]);
  });
});
