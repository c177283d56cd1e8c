import { describe, expect, test } from 'vitest';
import { OracleWindow } from './oracle.js';
import { offsetChanges } from './oracle-clock.js';

const MINUTE = 60_000;

describe('the oracle', () => {
  test('knows the changes of a zone', () => {
    const changes = offsetChanges('Europe/Berlin').map(({ since, offset }) => `${iso(since)} ${offset}`);

    expect(changes).toHaveLength(1 + 2 * 38);
    expect(changes.slice(0, 3)).toEqual(['1999-12-01T00:00Z 60', '2000-03-26T01:00Z 120', '2000-10-29T01:00Z 60']);
    expect(offsetChanges('UTC')).toHaveLength(1);
  });

  test('reads of the text of the design what people worked out by hand', () => {
    const gap = slots('30 2 * * *', 'America/New_York', '2026-03-08T00:00Z', '2026-03-09T12:00Z');
    expect(gap).toEqual(['2026-03-08T07:30Z', '2026-03-09T06:30Z']);

    const overlap = slots('30 1 * * *', 'America/New_York', '2026-11-01T00:00Z', '2026-11-02T12:00Z');
    expect(overlap).toEqual(['2026-11-01T05:30Z', '2026-11-02T06:30Z']);

    const bothPasses = slots('30 * * * *', 'America/New_York', '2026-11-01T05:00Z', '2026-11-01T07:45Z');
    expect(bothPasses).toEqual(['2026-11-01T05:30Z', '2026-11-01T06:30Z', '2026-11-01T07:30Z']);

    const dayThatNeverWas = slots('0 9 30,31 12 *', 'Pacific/Apia', '2011-12-28T00:00Z', '2012-01-02T00:00Z');
    expect(dayThatNeverWas).toEqual(['2011-12-30T19:00Z']);
  });
});

function slots(expression: string, zone: string, from: string, to: string): string[] {
  const window = new OracleWindow(offsetChanges(zone), Date.parse(from) / MINUTE, Date.parse(to) / MINUTE);
  return window.slots(expression).map(iso);
}

function iso(minute: number): string {
  return new Date(minute * MINUTE).toISOString().replace(':00.000Z', 'Z');
}
