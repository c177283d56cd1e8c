import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parseCron } from '../../src/times/cron-fields.js';
import { CronTimes } from '../../src/times/cron-times.js';
import { WallClockTimes } from '../../src/times/wall-clock-times.js';
import { ZoneOffsets } from '../../src/times/zone-offsets.js';
import { OracleWindow } from './oracle.js';
import { offsetChanges } from './oracle-clock.js';
import { firstDifference } from './times-of.js';

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
    const { DateTimeFormat } = Intl;
    const formatters = vi.spyOn(Intl, 'DateTimeFormat').mockImplementation(function make(locale, options) {
      return new DateTimeFormat(locale, options);
    });
    onTestFinished(() => formatters.mockRestore());

    const zone = new ZoneOffsets('Europe/Berlin');
    for (let year = 1970; year < 2100; year += 1) zone.pageOf(Date.UTC(year, 0, 1));

    expect(formatters).toHaveBeenCalledTimes(1);
  });
});
