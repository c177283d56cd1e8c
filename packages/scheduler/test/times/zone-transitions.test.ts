import { describe, expect, test } from 'vitest';
import { OracleWindow } from './oracle.js';
import { type OffsetChange, offsetChanges } from './oracle-clock.js';
import { firstDifference, timesOf } from './times-of.js';

const MINUTE = 60_000;
const DAY = 1440;
const FIRST = Date.UTC(2000, 0, 1) / MINUTE;
const END = Date.UTC(2038, 0, 1) / MINUTE;

/** For zones whose clocks never change: a day like any other. */
const QUIET_DAY: OffsetChange = { since: Date.UTC(2020, 5, 30) / MINUTE, offset: 0 };

interface Expected {
  readonly expression: string;
  readonly from: number;
  readonly to: number;
  readonly slots: Float64Array;
}

/** Many zones change alike: what the oracle found is kept by the change and what is near it. */
const known = new Map<string, Expected[]>();

const zones = Intl.supportedValuesOf('timeZone').concat('UTC');
const areas = [...new Set(zones.map((zone) => zone.split('/')[0] ?? zone))];

describe('the slots around every change of the clocks from 2000 to 2037 are those of the oracle', () => {
  test.each(areas)('%s (SI-3, CR-10)', { timeout: 180_000 }, (area) => {
    const differences: string[] = [];
    let checked = 0;
    for (const zone of zones.filter((name) => name === area || name.startsWith(`${area}/`))) {
      const changes = offsetChanges(zone);
      for (const change of [QUIET_DAY, ...changes]) {
        if (change.since < FIRST || change.since >= END) continue;
        for (const { expression, from, to, slots } of expectedAround(change, changes)) {
          const difference = firstDifference(timesOf({ schedule: expression, timeZone: zone }), from, to, [...slots]);
          checked += 1;
          if (difference) differences.push(`${zone}, ${expression}: ${difference}`);
        }
      }
      if (differences.length > 10) break;
    }
    expect(differences).toEqual([]);
    expect(checked).toBeGreaterThan(0);
  });
});

function expectedAround(change: OffsetChange, changes: readonly OffsetChange[]): Expected[] {
  const near = changes.filter((other) => Math.abs(other.since - change.since) < 10 * DAY);
  const before = changes.findLast((other) => other.since < change.since)?.offset ?? 0;
  const key = JSON.stringify([change.since, before, near]);
  const found = known.get(key) ?? askOracle(change.since, before, changes);
  known.set(key, found);
  return found;
}

function askOracle(since: number, before: number, changes: readonly OffsetChange[]): Expected[] {
  const window = new OracleWindow(changes, since - 2 * DAY, since + 2 * DAY);
  const narrow = new OracleWindow(changes, since - 200, since + 200);
  const ask = (expression: string, { from, to } = window): Expected => ({
    expression,
    from: from * MINUTE,
    to: to * MINUTE,
    slots: Float64Array.from((from === narrow.from ? narrow : window).slots(expression), (slot) => slot * MINUTE),
  });
  return [
    ask('* * * * *', narrow),
    ask('* 0-22 * * *', narrow),
    ...expressionsAround(since, before).map((expression) => ask(expression)),
  ];
}

/** Expressions for every hour, for the hours of the change, and for its days. */
function expressionsAround(since: number, before: number): string[] {
  const wall = new Date((since + before) * MINUTE);
  const hour = wall.getUTCHours();
  const [day, month, weekday] = [wall.getUTCDate(), wall.getUTCMonth() + 1, wall.getUTCDay()];
  return [
    '*/30 * * * *',
    '7 0-23 * * *',
    '0 */2 * * *',
    '1-59/29 0-22 * * *',
    '0 0 * * *',
    '59 23 * * *',
    `*/20 ${hour} * * *`,
    `*/20 ${(hour + 23) % 24} * * *`,
    `30 ${hour},${(hour + 1) % 24},${(hour + 2) % 24} * * *`,
    `5 * ${day} * ${(weekday + 1) % 7}`,
    `10 ${hour}/3 * ${month} ${weekday}`,
    `*/15 0-6 ${day} ${month} *`,
    '0 1-23/2 L * 0L',
    `20 */6 */2 * ${weekday}#${Math.ceil(day / 7)}`,
  ];
}
