import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../src/tasks/describe-error.js';

const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const MAX = 16 * 1024;

function chain(length: number): Error {
  return length === 0 ? new Error('root') : new Error(`level ${length}`, { cause: chain(length - 1) });
}
const cyclic = new Error('cyclic') as Error & { cause?: unknown };
cyclic.cause = cyclic;
const treacherous = Object.defineProperty(new Error(), 'message', {
  get: () => {
    throw new Error('gotcha');
  },
});
const cycle: Record<string, unknown> = {};
cycle.self = cycle;

describe('describeError', () => {
  it('keeps name, message, code, stack and cause', () => {
    const error = Object.assign(new TypeError('no', { cause: new Error('why') }), { code: 'E_NO' });
    expect(describeError(error)).toMatchObject({
      name: 'TypeError',
      message: 'no',
      code: 'E_NO',
      stack: expect.stringContaining('describe-error.test'),
      cause: { message: 'why' },
    });
  });

  it.each([
    ['a string', 'boom', 'boom'],
    ['undefined', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a symbol', Symbol('s'), 'Symbol(s)'],
    ['an object', { a: 1 }, '{"a":1}'],
    ['an object with a cycle', cycle, '[object Object]'],
    [
      'an object whose toString throws',
      {
        toJSON() {
          throw new Error();
        },
        toString() {
          throw new Error();
        },
      },
      '[object Object]',
    ],
  ])('makes a readable text of %s (EX-01)', (_what, thrown, text) => {
    expect(describeError(thrown).message).toContain(text);
  });

  it('survives a message getter that throws (EX-01)', () => {
    expect(describeError(treacherous).message).toContain('failed');
  });

  it('knows errors of another realm', () => {
    expect(describeError(runInNewContext('new RangeError("far")'))).toMatchObject({
      name: 'RangeError',
      message: 'far',
    });
  });

  it('shows the first error of an AggregateError (EX-01)', () => {
    expect(describeError(new AggregateError([new Error('first')], 'both'))).toMatchObject({
      message: 'both',
      cause: { message: 'first' },
    });
  });

  it.each([
    ['a message of 1 MB', new Error('x'.repeat(1_000_000))],
    ['a message of 1 MB of control characters', new Error('\u0001'.repeat(1_000_000))],
    ['a stack of 10 MB', Object.assign(new Error('x'), { stack: 'é"\n'.repeat(3_000_000) })],
    ['fifty causes', chain(50)],
    ['a cyclic cause', cyclic],
  ])('bounds %s to 16 KB and says so (EX-01, SE-06)', (_what, thrown) => {
    const info = describeError(thrown);
    expect(bytes(info)).toBeLessThanOrEqual(MAX);
    expect(JSON.stringify(info)).toContain('"truncated":true');
  });

  it('is bounded and storable whatever is thrown', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), (thrown) => {
        const text = JSON.stringify(describeError(thrown));
        expect(text.length).toBeLessThanOrEqual(MAX);
        expect(text).not.toContain('\\u0000');
      }),
    );
  });
});
