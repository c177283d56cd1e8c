import { ManualClock } from '@flowrra/core/testing';
import { describe, expect, it } from 'vitest';
import { OwnEnds } from '../src/own-ends.js';

const SUBMITTED = 1_700_000_000_000;
const WAITED = 5;
const RAN = 7;

/** The record of an end that is kept for `ttl` ms (null: for ever). */
function record(ttl: number | null): Buffer {
  const expiresAt = ttl === null ? 0 : SUBMITTED + WAITED + RAN + ttl;
  return Buffer.from(`f|success|${expiresAt}|${RAN}|1|${SUBMITTED}||1|${WAITED}|2|0|default|worker\n[]1`);
}

describe('ends of own tasks', () => {
  it('are expected from the answer to the submit on, until they are heard', () => {
    const ends = new OwnEnds(() => new ManualClock());
    ends.expect('a');
    expect(ends.isExpected('a')).toBe(false);
    ends.submitted('a');
    expect(ends.isExpected('a')).toBe(true);
    ends.heard('a', record(null));
    expect(ends.isExpected('a')).toBe(false);
    expect(ends.takeEnd('a')).toEqual(record(null));
    expect(ends.takeEnd('a')).toBeNull();
  });

  it.each([
    ['was not expected', [], record(null)],
    ['came without its record', ['a'], null],
    ['is kept for less time than it would wait here', ['a'], record(999)],
  ])('have to be looked at when the end %s', (_what, expected, bytes) => {
    const ends = new OwnEnds(() => new ManualClock());
    for (const id of expected) ends.expect(id);
    ends.heard('a', bytes);
    expect(ends.isExpected('a')).toBe(false);
    expect(ends.takeEnd('a')).toBeNull();
  });

  it('wait for a second, as long as they are kept', async () => {
    const clock = new ManualClock();
    const ends = new OwnEnds(() => clock);
    for (const id of ['in time', 'too late']) {
      ends.expect(id);
      ends.heard(id, record(1_000));
    }
    await clock.advance(999);
    expect(ends.takeEnd('in time')).not.toBeNull();
    await clock.advance(1);
    expect(ends.takeEnd('too late')).toBeNull();
  });

  it('are forgotten, the oldest first, when they are too many', () => {
    const ends = new OwnEnds(() => new ManualClock());
    for (let i = 0; i < 10_001; i++) {
      ends.expect(`t${i}`);
      ends.submitted(`t${i}`);
    }
    expect([ends.isExpected('t0'), ends.isExpected('t1'), ends.isExpected('t10000')]).toEqual([false, true, true]);
    for (let i = 1; i <= 1_001; i++) ends.heard(`t${i}`, record(null));
    expect([ends.takeEnd('t1'), ends.takeEnd('t2')]).toEqual([null, record(null)]);
  });

  it('are all looked at again after a gap', () => {
    const ends = new OwnEnds(() => new ManualClock());
    for (const id of ['open', 'ended']) ends.expect(id);
    ends.heard('ended', record(null));
    ends.forgetAll();
    expect([ends.isExpected('open'), ends.takeEnd('ended')]).toEqual([false, null]);
  });
});
