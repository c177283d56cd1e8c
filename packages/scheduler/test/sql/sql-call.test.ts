import { afterEach, describe, expect, it, vi } from 'vitest';
import { SqlCall } from '../../src/sql/sql-call.js';
import type { SqlDialect } from '../../src/sql/sql-dialect.js';

const HOUR = 3_600_000;
// Of its dialect a call that is only late asks for nothing but the name.
const dialect = { label: 'The database' } as SqlDialect;

describe('SqlCall', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([-HOUR, HOUR])(
    'is given up after its ten seconds, and no sooner, though the clock of the machine is set by %i ms (SQ-13)',
    (step) => {
      vi.useFakeTimers({ toFake: ['Date', 'performance'] });
      const call = new SqlCall(dialect, 0, new AbortController().signal);
      vi.setSystemTime(Date.now() + step);
      expect(() => call.checkTime()).not.toThrow();
      vi.advanceTimersByTime(10_000);
      expect(() => call.checkTime()).toThrow('did not answer for 10 s');
    },
  );

  it('says what the database said all the time, when it is given up', async () => {
    vi.useFakeTimers();
    const full: SqlDialect = { ...dialect, kindOfError: () => 'busy' };
    const call = new SqlCall(full, 0, new AbortController().signal);
    const given = expect(call.run(() => Promise.reject(new Error('Too many connections')))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message:
        'The database was locked by somebody else or had no connection free all the time for 10 s. ' +
        'Is it overloaded, or does a transaction stay open? It says: Too many connections.',
    });
    await vi.advanceTimersByTimeAsync(10_000);
    await given;
  });
});
