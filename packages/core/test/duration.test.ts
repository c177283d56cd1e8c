import { describe, expect, it } from 'vitest';
import { parseDuration } from '../src/duration.js';

describe('parseDuration', () => {
  it.each([
    [250, 250],
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    [0, 0],
  ])('reads %s as %i ms', (value, ms) => {
    expect(parseDuration(value, 'delay')).toBe(ms);
  });

  it.each(['10', '', 's', '-5s', '5 s', '1e3ms', '5sec', Number.NaN, Infinity, -1, null, {}, '999999999d'])(
    'refuses %s, naming the option',
    (value) => {
      expect(() => parseDuration(value, 'delay')).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          argument: 'delay',
          message: expect.stringContaining('delay'),
        }),
      );
    },
  );
});
