import { Flowrra, PermanentError, RetryLater, taskContext } from '@flowrra/core';

const app = new Flowrra();

const charge = app.task(
  'charge',
  { retries: { max: 4, delay: '100ms', backoff: 'exponential' }, timeout: '5s' },
  async (order: string, cents: number) => {
    const { id, attempt, fence, signal, progress, log } = taskContext();
    if (cents <= 0) throw new PermanentError('nothing to charge'); // not tried again
    if (attempt === 1) throw new RetryLater('200ms', 'the bank is busy'); // tried again after 200 ms
    log.info({ order }, 'charging');
    progress({ step: 'asking the bank' });
    // A repeated run has the same id and a higher fence: a bank that knows both charges once.
    return askBank({ order, cents, idempotencyKey: id, fence, signal });
  },
);
const endless = app.task('endless', () => new Promise<void>((resolve) => onAbort(taskContext().signal, resolve)));
await app.start();

const payment = await charge.submit(['order-1', 995]);
console.log(await payment.result(), await payment.progress());

const waiting = await endless.submit([]);
await waiting.cancel(); // wherever it is: waiting, delayed, or running in another process
console.log((await waiting.outcome()).status); // cancelled

await app.stop();

function onAbort(signal: AbortSignal, then: () => void): void {
  signal.addEventListener('abort', then, { once: true });
}

interface Charge {
  readonly order: string;
  readonly cents: number;
  readonly idempotencyKey: string;
  readonly fence: number;
  readonly signal: AbortSignal;
}

async function askBank({ order, cents }: Charge): Promise<string> {
  return `${order}: ${cents} charged`;
}
