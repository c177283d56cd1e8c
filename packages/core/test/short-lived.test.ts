import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { ShortLivedMap, ShortLivedSet } from '../src/short-lived.js';

setFlagsFromString('--expose-gc');
const collect: (options: { type: 'minor' | 'major' }) => void = runInNewContext('gc');

describe('ShortLivedMap', () => {
  it('keeps its entries in their order, however many others come and go', () => {
    const map = new ShortLivedMap<string, number>();
    map.set('first', 1);
    for (let i = 0; i < 10_000; i++) {
      map.set(`passing ${i}`, i);
      if (i === 5_000) map.set('second', 2);
      expect(map.delete(`passing ${i}`)).toBe(true);
    }
    map.set('first', 3);
    expect(map.keys()).toEqual(['first', 'second']);
    expect(map.values()).toEqual([3, 2]);
    expect([map.size, map.oldest(), map.has('second'), map.get('passing 1')]).toEqual([2, 'first', true, undefined]);
    expect(map.delete('passing 1')).toBe(false);
    map.clear();
    expect([map.size, map.oldest()]).toEqual([0, undefined]);
  });

  it('lists what was there when it was asked', () => {
    const map = new ShortLivedMap<string, string>();
    for (const letter of 'abc') map.set(letter, letter);
    const seen: string[] = [];
    for (const key of map.keys()) {
      map.delete(key);
      map.set(`${key}${key}`, key);
      seen.push(key);
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    expect(map.keys()).toEqual(['aa', 'bb', 'cc']);
  });

  it('lets go of what has left without a full collection', () => {
    const map = new ShortLivedMap<number, unknown>();
    map.set(-1, null);
    for (let i = 0; i < 4; i++) collect({ type: 'minor' });
    collect({ type: 'major' });
    const before = process.memoryUsage().heapUsed;
    // Values of 1 KB, 100 at a time. In a Map that has become old, nearly all of their 30 MB stay.
    for (let i = 0; i < 30_000; i++) {
      map.set(i, new Array(128).fill(i));
      map.delete(i - 100);
      if (i % 5_000 === 0) collect({ type: 'minor' });
    }
    collect({ type: 'minor' });
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  });
});

describe('ShortLivedSet', () => {
  it('keeps each value once, in the order in which they came', () => {
    const set = new ShortLivedSet<string>();
    for (const value of ['a', 'b', 'a']) set.add(value);
    expect([set.values(), set.size, set.oldest(), set.has('b')]).toEqual([['a', 'b'], 2, 'a', true]);
    expect([set.delete('a'), set.delete('a')]).toEqual([true, false]);
    expect(set.values()).toEqual(['b']);
    set.clear();
    expect(set.size).toBe(0);
  });
});
