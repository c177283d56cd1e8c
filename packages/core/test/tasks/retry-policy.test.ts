import { describe, expect, it } from 'vitest';
import { DEFAULT_RETRY_POLICY, resolveRetries, retryDelay } from '../../src/tasks/retry-policy.js';

describe('retry policy', () => {
  it('is three retries from one second, doubling, with jitter, unless said otherwise', () => {
    expect(resolveRetries(undefined)).toEqual(DEFAULT_RETRY_POLICY);
    expect([1, 2, 3].map((attempt) => retryDelay(DEFAULT_RETRY_POLICY, attempt, () => 1))).toEqual([
      1_000, 2_000, 4_000,
    ]);
    expect(retryDelay(DEFAULT_RETRY_POLICY, 1, () => 0)).toBe(500);
  });

  it('never waits longer than maxDelay, however many attempts there were', () => {
    const policy = resolveRetries({ max: 1_000, delay: '1s', maxDelay: '1m', jitter: false });
    expect(retryDelay(policy, 1_000)).toBe(60_000);
  });

  it('takes a number for the count and keeps the rest', () => {
    expect(resolveRetries(0)).toEqual({ ...DEFAULT_RETRY_POLICY, max: 0 });
  });

  it.each([
    -1,
    1.5,
    1_001,
    Number.NaN,
    { max: '3' },
    { delai: '1s' },
    { delay: 'soon' },
    { backoff: 'linear' },
    { jitter: 1 },
    'many',
  ])('refuses %j', (options) => {
    expect(() => resolveRetries(options as number)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/INVALID_/) }),
    );
  });
});
