import type { CronFields } from './cron-fields.js';

const MINUTES_A_DAY = 1440;

/** The times of a day, in milliseconds from its midnight, that an expression allows: numbered in order from 0. */
export class TimesOfDay {
  /** How many there are in a day. */
  readonly count: number;
  /** Minutes of the day. */
  readonly #minutes: Uint16Array;
  readonly #seconds: Uint8Array;
  /** How many of the minutes come before minute `i` of the day; the same for seconds. */
  readonly #minutesBefore: Uint16Array;
  readonly #secondsBefore: Uint8Array;

  constructor(fields: Pick<CronFields, 'hours' | 'minutes' | 'seconds'>) {
    this.#minutes = Uint16Array.from(
      fields.hours.flatMap((hour) => fields.minutes.map((minute) => hour * 60 + minute)),
    );
    this.#seconds = Uint8Array.from(fields.seconds);
    this.#minutesBefore = countBefore(new Uint16Array(MINUTES_A_DAY + 1), this.#minutes);
    this.#secondsBefore = countBefore(new Uint8Array(60), this.#seconds);
    this.count = this.#minutes.length * this.#seconds.length;
  }

  /** How many times come before `ms`, which is also the number of the first one that does not. */
  before(ms: number): number {
    const second = Math.ceil(ms / 1000);
    const minute = Math.floor(second / 60);
    const index = this.#minutesBefore[minute] ?? this.#minutes.length;
    const full = index * this.#seconds.length;
    return this.#minutes[index] === minute ? full + (this.#secondsBefore[second - minute * 60] ?? 0) : full;
  }

  /** The time with this number. */
  at(number: number): number {
    const index = Math.floor(number / this.#seconds.length);
    const second = this.#seconds[number - index * this.#seconds.length] ?? 0;
    return ((this.#minutes[index] ?? 0) * 60 + second) * 1000;
  }
}

/** Writes into each place of `counts` how many of the values, which are in order, are smaller than its number. */
function countBefore<Counts extends Uint8Array | Uint16Array>(
  counts: Counts,
  values: Uint8Array | Uint16Array,
): Counts {
  let count = 0;
  for (let number = 0; number < counts.length; number += 1) {
    while (count < values.length && (values[count] ?? 0) < number) count += 1;
    counts[number] = count;
  }
  return counts;
}
