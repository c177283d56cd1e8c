import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeTaskResult, encodeJson, encodeTaskResult } from '../../src/tasks/codec.js';
import type { TaskResult } from '../../src/tasks/task-result.js';

const cycle: Record<string, unknown> = {};
cycle.self = [cycle];
const throwing = {
  get a(): never {
    throw new Error('the getter threw');
  },
};
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

describe('encodeJson', () => {
  it('keeps every value that JSON can carry', () => {
    const json = fc
      .jsonValue({ maxDepth: 6, noUnicodeString: false })
      .filter((value) => !JSON.stringify(value).includes('\\u0000'));
    fc.assert(
      fc.property(json, (value) => {
        let text: string;
        try {
          text = encodeJson(value, 'args');
        } catch (err) {
          // -0 and lone surrogates are what fast-check makes and JSON does not keep.
          expect(err).toMatchObject({ code: 'NOT_SERIALIZABLE' });
          return;
        }
        expect(JSON.parse(text)).toEqual(value);
      }),
    );
  });

  it.each([
    ['BigInt', [1n], 'args[0]'],
    ['a cycle', [cycle], 'args[0].self[0]'],
    ['a function', [{ run: () => 1 }], 'args[0].run'],
    ['a symbol', [Symbol('s')], 'args[0]'],
    ['NaN', [[Number.NaN]], 'args[0][0]'],
    ['Infinity', [Number.POSITIVE_INFINITY], 'args[0]'],
    ['-0', [-0], 'args[0]'],
    ['a Date', [{ when: new Date() }], 'args[0].when'],
    ['a Map', [new Map()], 'args[0]'],
    ['a Buffer', [Buffer.from('x')], 'args[0]'],
    ['a stream', [Readable.from([])], 'args[0]'],
    ['a class instance', [new (class Point {})()], 'args[0]'],
    ['an object that inherits from another one', [Object.create({ a: 1 })], 'args[0]'],
    ['a Date of another realm', [runInNewContext('new Date()')], 'args[0]'],
    ['a hidden toJSON method', [Object.defineProperty({}, 'toJSON', { value: () => undefined })], 'args[0]'],
    ['a list with a toJSON method', [Object.defineProperty([1], 'toJSON', { value: () => 'x' })], 'args[0]'],
    ['a getter that throws', [{ ok: 1, broken: throwing }], 'args[0].broken.a'],
    ['a proxy that was revoked', [[revoked()]], 'args[0][0]'],
    ['an undefined member', [{ a: undefined }], 'args[0].a'],
    ['an undefined item', [undefined], 'args[0]'],
    ['a hole', [Object.assign(new Array(2), { 0: 1 })], 'args[0]'],
    ['half a surrogate pair', ['\ud800'], 'args[0]'],
    ['U+0000', ['a\0b'], 'args[0]'],
    ['a bad key', [{ 'a\0b': 1 }], 'key of args[0]'],
    ['symbol keys', [{ [Symbol('k')]: 1 }], 'args[0]'],
    ['nesting over 32', deep(33), `args${'[0]'.repeat(32)}`],
  ])('refuses %s and says where it is (SE-01, SE-02)', (_what, value, path) => {
    expect(() => encodeJson(value, 'args')).toThrow(expect.objectContaining({ code: 'NOT_SERIALIZABLE', path }));
  });

  it('says why something cannot be read, as the cause', () => {
    expect(() => encodeJson([throwing], 'args')).toThrow(
      expect.objectContaining({
        code: 'NOT_SERIALIZABLE',
        message: expect.stringContaining('args[0].a cannot be read'),
        cause: new Error('the getter threw'),
      }),
    );
  });

  it('takes plain objects of another realm, as sandboxes of test runners make them', () => {
    expect(encodeJson([runInNewContext('({ a: [{ b: 1 }] })')], 'args')).toBe('[{"a":[{"b":1}]}]');
  });

  it('makes null of undefined as a whole', () => {
    expect(encodeJson(undefined, 'result')).toBe('null');
  });

  it('takes nesting of 32 and objects without a prototype', () => {
    expect(() => encodeJson(deep(32), 'args')).not.toThrow();
    expect(encodeJson([Object.assign(Object.create(null), { a: 1 })], 'args')).toBe('[{"a":1}]');
  });

  it('measures the limit in bytes of UTF-8', () => {
    expect(encodeJson('é'.repeat(4), 'args', 10)).toBe('"éééé"');
    expect(() => encodeJson('é'.repeat(5), 'args', 10)).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE', limit: 10 }),
    );
  });

  it('refuses a huge string without building its JSON (SE-05)', () => {
    expect(() => encodeJson(['x'.repeat(500_000_000)], 'args')).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }),
    );
  });

  it('leaves prototypes alone when a text carries __proto__ (SE-04)', () => {
    const value: unknown = JSON.parse('[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]');
    expect(JSON.parse(encodeJson(value, 'args'))).toEqual(value);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

describe('the stored form of results', () => {
  const result: TaskResult = {
    taskId: 't1',
    taskName: 'add',
    queue: 'default',
    args: [1, 'é'],
    kwargs: null,
    status: 'failed',
    attempt: 2,
    fence: 3,
    submittedAt: new Date(1_000),
    startedAt: new Date(2_000),
    finishedAt: new Date(3_000),
    retries: 1,
    progress: { done: 1 },
    worker: 'w',
    retryOf: null,
    error: { name: 'Error', message: 'no' },
  };

  it('gives back what was stored', () => {
    expect(decodeTaskResult('t1', encodeTaskResult(result))).toEqual(result);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '7',
    '{"v":1}',
    '{"v":1,"status":"dancing"}',
    '{"v":2,"status":"success"}',
    '{"v":1,"status":"toString"}',
  ])('says of %s that it cannot be read, naming the task', (text) => {
    expect(() => decodeTaskResult('t1', text)).toThrow(
      expect.objectContaining({ code: 'RESULT_UNREADABLE', taskId: 't1' }),
    );
  });
});
