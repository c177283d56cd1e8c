/** From minute `since` of the epoch on, the wall clock is `offset` minutes ahead of UTC. */
export interface OffsetChange {
  readonly since: number;
  readonly offset: number;
}

const HOUR = 60;
const DAY = 24 * HOUR;
/** The years that are looked at, with some days around them. */
const FIRST = Date.UTC(1999, 11, 1) / 60_000;
const END = Date.UTC(2038, 1, 1) / 60_000;

/**
 * How the clocks of a zone changed from 2000 to 2037: read day by day from the offset that Intl writes out; in a day that
 * ends with another one than it began with, hour by hour and minute by minute.
 */
export function offsetChanges(zone: string): OffsetChange[] {
  const offsetAt = offsetReader(zone);
  const changes: OffsetChange[] = [{ since: FIRST, offset: offsetAt(FIRST) }];
  const look = (from: number, to: number, step: number): void => {
    for (let minute = from; minute < to; minute += step) {
      const offset = offsetAt(minute + step);
      if (offset === changes.at(-1)?.offset) continue;
      if (step === 1) changes.push({ since: minute + 1, offset });
      else look(minute, minute + step, step === DAY ? HOUR : 1);
    }
  };
  look(FIRST, END, DAY);
  return changes;
}

/** Minutes that the wall clock is ahead of UTC. */
export function offsetAt(changes: readonly OffsetChange[], minute: number): number {
  return changes.findLast((change) => change.since <= minute)?.offset ?? Number.NaN;
}

function offsetReader(zone: string): (minute: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset', year: 'numeric' });
  const offsets = new Map<string, number>();
  return (minute) => {
    const text = format.format(minute * 60_000);
    const name = text.slice(text.indexOf('GMT'));
    const known = offsets.get(name);
    if (known !== undefined) return known;
    const match = /^GMT(?:([+-])(\d\d):(\d\d))?$/.exec(name);
    if (!match) throw new Error(`${zone} has an offset that is not of whole minutes: ${text}`);
    const [, sign, hours = '0', minutes = '0'] = match;
    const offset = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
    offsets.set(name, offset);
    return offset;
  };
}
