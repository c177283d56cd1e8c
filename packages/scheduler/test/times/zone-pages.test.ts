import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parseCron } from '../../src/times/cron-fields.js';
import { CronTimes } from '../../src/times/cron-times.js';
import { WallClockTimes } from '../../src/times/wall-clock-times.js';
import { ZoneOffsets } from '../../src/times/zone-offsets.js';
import { OracleWindow } from './oracle.js';
import { offsetChanges } from './oracle-clock.js';
import { firstDifference, slotsAfter } from './times-of.js';

const MINUTE = 60_000;
const DAY = 1440;

describe('a change of the clocks', () => {
  test.each([
    ['America/New_York', '2026-03-08T07:00Z'],
    ['America/New_York', '2026-11-01T06:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
    ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
    ['Pacific/Apia', '2011-12-30T10:00Z'],
    ['America/Caracas', '2007-12-09T07:00Z'],
  ])('in %s at %s tells on slots wherever a page of the table ends', (zone, instant) => {
    const change = Date.parse(instant) / MINUTE;
    const oracle = new OracleWindow(offsetChanges(zone), change - 2 * DAY, change + 2 * DAY);
    for (const expression of ['*/10 * * * *', '*/10 0-22 * * *', '0 12 * * *']) {
      const slots = oracle.slots(expression).map((minute) => minute * MINUTE);
      for (const minutes of [50, 1_000]) {
        const zoneOffsets = new ZoneOffsets(zone, minutes * MINUTE);
        const times = new CronTimes(new WallClockTimes(parseCron(expression)), zoneOffsets);

        expect(firstDifference(times, oracle.from * MINUTE, oracle.to * MINUTE, slots)).toBeNull();
      }
    }
  });
});

describe('the table of a zone', () => {
  test('asks the runtime for one formatter, however many pages it has: dropped ones leave memory behind', () => {
    const asked = countQuestions();

    const zone = new ZoneOffsets('Europe/Berlin');
    for (let year = 1970; year < 2100; year += 1) zone.pageOf(Date.UTC(year, 0, 1));

    expect(asked.formatters).toBe(1);
  });

  test('is not read for a whole year when there is one slot in it', () => {
    const asked = countQuestions();

    const times = new CronTimes(new WallClockTimes(parseCron('0 12 15 3 *')), new ZoneOffsets('America/Chicago'));
    const slots = slotsAfter(times, '2026-01-01', 100);

    expect(slots.at(-1)).toBe('2125-03-15T17:00Z');
    expect(asked.looks).toBeLessThan(100 * 30);
  });
});

/** What is asked of Intl from now on in this test. */
function countQuestions() {
  const asked = { formatters: 0, looks: 0 };
  const { DateTimeFormat } = Intl;
  const counting = vi.spyOn(Intl, 'DateTimeFormat').mockImplementation(function count(locale, options) {
    asked.formatters += 1;
    const formatter = new DateTimeFormat(locale, options);
    // A bound function: it needs no formatter to be called on.
    const { format } = formatter;
    const value = (date?: Date | number) => {
      asked.looks += 1;
      return format(date);
    };
    return Object.defineProperty(formatter, 'format', { value });
  });
  onTestFinished(() => counting.mockRestore());
  return asked;
}
