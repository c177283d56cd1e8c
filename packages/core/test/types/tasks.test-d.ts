import { describe, expectTypeOf, it } from 'vitest';
import { defineTask, Flowrra, type Task, type TaskHandle, taskContext } from '../../src/index.js';

const app = new Flowrra();
const add = app.task('add', (a: number, b: number) => a + b);
const mail = app.task(
  'mail',
  { kwargs: true, queue: 'mail' },
  async (to: string, kw: { subject: string; cc?: string }) => ({ to, ...kw }),
);
const hashFile = (path: string, rounds?: number): Buffer['length'] => path.length + (rounds ?? 0);

describe('submit', () => {
  it('takes the arguments of the handler', () => {
    expectTypeOf(add.submit([1, 2])).resolves.toEqualTypeOf<TaskHandle<number>>();
    // @ts-expect-error a text is no number
    add.submit([1, '2']);
    // @ts-expect-error one argument is missing
    add.submit([1]);
    // @ts-expect-error one argument too many
    add.submit([1, 2, 3]);
    // @ts-expect-error arguments come as an array
    add.submit(1, 2);
    // @ts-expect-error one of the calls is wrong
    add.submitMany([['3', 4]]);
  });

  it('takes arguments that are only to be read', () => {
    const resize = defineTask<(path: string, width: number) => string>('resize');
    const args = [1, 2] as const;
    add.submit(args);
    add.call(args);
    add.submitMany([args, [3, 4]]);
    add.submitMany([args, args] as const);
    app.submit(resize, ['a.png', 100] as const);
    // @ts-expect-error a text is no number
    add.submit([1, '2'] as const);
    // @ts-expect-error one argument is missing
    add.call([1] as const);
    // @ts-expect-error the width is a number
    app.submit(resize, ['a.png', '100'] as const);
  });

  it('takes what a function took for a task of any arguments', () => {
    const callOf = <Args extends unknown[], Result>(task: Task<Args, Result>, ...args: Args) => task.call(args);
    expectTypeOf(callOf(add, 1, 2)).resolves.toBeNumber();
    // @ts-expect-error one argument is missing
    callOf(add, 1);
  });

  it('knows its options', () => {
    add.submit([1, 2], { priority: -5, delay: '10s', retries: { max: 1, backoff: 'fixed' } });
    // @ts-expect-error there is no such option
    add.submit([1, 2], { prioritee: 5 });
    // @ts-expect-error a duration needs a unit
    add.submit([1, 2], { delay: '10' });
    // @ts-expect-error an unknown backoff
    add.submit([1, 2], { retries: { backoff: 'linear' } });
  });
});

describe('results', () => {
  it('have the type that the handler returns, promises resolved', async () => {
    const handle = await add.submit([1, 2]);
    expectTypeOf(handle.result()).resolves.toBeNumber();
    expectTypeOf(mail.call(['a'], { kwargs: { subject: 's' } }))
      .resolves.toHaveProperty('subject')
      .toBeString();
    // @ts-expect-error a number has no length
    (await handle.result()).length;
  });

  it('must be narrowed before use', async () => {
    const outcome = await (await add.submit([1, 2])).outcome();
    // @ts-expect-error a failed task has no result
    outcome.result;
    if (outcome.status === 'success') expectTypeOf(outcome.result).toBeNumber();
    else expectTypeOf(outcome.error.message).toBeString();
    // @ts-expect-error an outcome is final
    outcome.status === 'running';
  });

  it('keep their type for a handle from elsewhere', () => {
    expectTypeOf(add.handle('id').result()).resolves.toBeNumber();
    expectTypeOf(app.handle(add, 'id').result()).resolves.toBeNumber();
  });
});

describe('keyword arguments', () => {
  it('are required and typed where they are declared', () => {
    mail.submit(['a@b.c'], { kwargs: { subject: 'hi' }, priority: 1 });
    // @ts-expect-error keyword arguments are missing
    mail.submit(['a@b.c']);
    // @ts-expect-error the subject is missing
    mail.submit(['a@b.c'], { kwargs: {} });
    // @ts-expect-error they are not among the arguments
    mail.submit(['a@b.c', { subject: 'hi' }]);
  });

  it('are required also where the handler could do without them', () => {
    const greet = app.task('greet', { kwargs: true }, (name: string, kw?: { loud: boolean }) => [name, kw]);
    const count = app.task('count', { kwargs: true }, (from: number, { to = 9 }: { to?: number } = {}) => to - from);
    greet.submit(['Ada'], { kwargs: { loud: true } });
    count.submit([1], { kwargs: {} });
    // @ts-expect-error keyword arguments are missing
    greet.submit(['Ada']);
    // @ts-expect-error a text is no boolean
    greet.submit(['Ada'], { kwargs: { loud: 'yes' } });
    // @ts-expect-error the number is missing
    count.submit([], { kwargs: {} });
  });

  it('make the arguments before them required', () => {
    const skip = app.task('skip', { kwargs: true }, (from: number, step?: number, kw?: { to: number }) => [
      from,
      step,
      kw,
    ]);
    skip.submit([1, 2], { kwargs: { to: 9 } });
    // @ts-expect-error the keyword arguments would come in place of the step
    skip.submit([1], { kwargs: { to: 9 } });
  });

  it('are refused where they are not declared', () => {
    // @ts-expect-error add takes none
    add.submit([1, 2], { kwargs: { subject: 'hi' } });
  });
});

describe('progress', () => {
  it('may be of any type, as arguments are: an interface is no JsonValue for the compiler', () => {
    interface Step {
      readonly done: number;
      readonly file?: string;
    }
    const step: Step = { done: 1 };
    app.task('copy', () => taskContext().progress(step));
    app.task('count', () => taskContext().progress([1, 'a', null]));
  });
});

describe('registering', () => {
  it('knows its options', () => {
    app.task('a', { queue: 'x', timeout: '5m', retries: 0 }, (n: number) => n);
    // @ts-expect-error there is no such option
    app.task('b', { timeoutt: '5m' }, (n: number) => n);
    // @ts-expect-error options come before the handler
    app.task('c', (n: number) => n, { queue: 'x' });
  });

  it('wants the type of a CPU task', () => {
    const module = new URL('./hash.js', import.meta.url);
    const hash = app.cpuTask<typeof hashFile>('hash', { module, export: 'hashFile' });
    expectTypeOf(hash.call(['path'])).resolves.toBeNumber();
    expectTypeOf(hash.submit).parameter(0).toEqualTypeOf<readonly [path: string, rounds?: number]>();
    // @ts-expect-error the type of the function is missing
    app.cpuTask('hash', { module, export: 'hashFile' });
    // @ts-expect-error the module is missing
    app.cpuTask<typeof hashFile>('hash', { export: 'hashFile' });
  });

  it('holds an implementation to its contract', () => {
    const resize = defineTask<(path: string, width: number) => string>('resize', { queue: 'images' });
    app.implement(resize, (path, width) => `${path}@${width.toFixed()}`);
    // @ts-expect-error the contract returns a text
    app.implement(resize, (path, width) => path.length + width);
    // @ts-expect-error the width is a number
    app.submit(resize, ['a.png', '100']);
    expectTypeOf(app.submit(resize, ['a.png', 100])).resolves.toEqualTypeOf<TaskHandle<string>>();
    const notify = defineTask<(id: string, kw: { urgent: boolean }) => void>('notify', { kwargs: true });
    app.implement(notify, (id, kw) => void [id, kw.urgent]);
    // @ts-expect-error keyword arguments are missing
    app.submit(notify, ['a']);
  });
});

describe('app.submit', () => {
  it('takes the types from the contract, not from the call', () => {
    const paint = defineTask<(colour: 'red' | 'blue') => void>('paint');
    const move = defineTask<(to: { x: number; y: string }) => void>('move');
    const count = defineTask<(n: number) => void>('count');
    const log = defineTask<(n: number, kw: { level: 'low' | 'high' }) => void>('log', { kwargs: true });
    const text = String(Math.random());
    app.submit(paint, ['red']);
    app.submit(move, [{ x: 1, y: 'a' }]);
    app.submit(log, [1], { kwargs: { level: 'low' } });
    // @ts-expect-error not every text is a colour
    app.submit(paint, [text]);
    // @ts-expect-error no such colour
    app.submit(paint, ['green']);
    // @ts-expect-error both coordinates are missing
    app.submit(move, [{}]);
    // @ts-expect-error one coordinate is missing
    app.submit(move, [{ x: 1 }]);
    // @ts-expect-error the number may be undefined
    app.submit(count, [[1][0]]);
    // @ts-expect-error one argument too many
    app.submit(count, [1, 2]);
    // @ts-expect-error an argument is missing
    app.submit(count, []);
    // @ts-expect-error not every text is a level
    app.submit(log, [1], { kwargs: { level: text } });
    // @ts-expect-error the level is missing
    app.submit(log, [1], { kwargs: {} });
  });

  it('takes no arguments for a contract that was given no type', () => {
    const tick = defineTask('tick');
    app.submit(tick, []);
    // @ts-expect-error nothing says that it takes one
    app.submit(tick, ['a']);
  });
});

describe('configuration', () => {
  it('knows its options', () => {
    new Flowrra({
      url: 'redis://localhost',
      executor: { ioWorkers: 4, queues: { mail: { ioWorkers: 1 } } },
      backend: { ttl: '1h' },
    });
    // @ts-expect-error there is no such option
    new Flowrra({ executor: { ioWorker: 4 } });
    // @ts-expect-error there is no such option
    new Flowrra({ ulr: 'redis://localhost' });
    // @ts-expect-error a duration needs a unit
    new Flowrra({ backend: { ttl: '1 hour' } });
  });
});
