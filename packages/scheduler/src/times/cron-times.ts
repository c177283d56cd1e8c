import { DAY, type WallClockTimes } from './wall-clock-times.js';
import type { OffsetSpan, ZoneOffsets, ZonePage } from './zone-offsets.js';

/** Slots are looked for from 1900 to 9999. */
const FIRST = Date.UTC(1900, 0, 1);
const LAST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * The slots of a cron expression in a time zone: the wall clock's times, carried over to the time line span by span.
 * An expression for every hour runs whenever the clock shows one of its times; any other runs once for each of its times,
 * also when the clock shows it twice or never.
 */
export class CronTimes {
  readonly #wall: WallClockTimes;
  readonly #zone: ZoneOffsets;

  constructor(wall: WallClockTimes, zone: ZoneOffsets) {
    this.#wall = wall;
    this.#zone = zone;
  }

  /** The first slot after an instant. */
  next(after: number): number | null {
    let start = Math.max(after + 1, FIRST);
    while (start <= LAST) {
      const page = this.#zone.pageOf(start);
      const slot = this.#firstIn(page, start);
      if (slot !== null) return slot <= LAST ? slot : null;
      // Offsets are less than a day: pages without a time on any clock are not even looked at.
      start = Math.max(page.to, this.#wall.from(page.to - DAY) - DAY);
    }
    return null;
  }

  /** The last slot before an instant. */
  previous(before: number): number | null {
    let end = Math.min(before, LAST + 1);
    while (end > FIRST) {
      const page = this.#zone.pageOf(end - 1);
      const slot = this.#lastIn(page, end);
      if (slot !== null) return slot >= FIRST ? slot : null;
      end = Math.min(page.from, this.#wall.before(page.from + DAY) + DAY + 1);
    }
    return null;
  }

  /** How many slots there are from one instant to another, both included. */
  count(from: number, to: number): number {
    const end = Math.min(to, LAST) + 1;
    let found = 0;
    let start = Math.max(from, FIRST);
    while (start < end) {
      const page = this.#zone.pageOf(start);
      found += this.#countIn(page, start, Math.min(end, page.to));
      start = page.to;
    }
    return found;
  }

  #spansOf(page: ZonePage): readonly OffsetSpan[] {
    return this.#wall.everyHour ? page.everyPass : page.firstPass;
  }

  #firstIn(page: ZonePage, start: number): number | null {
    let first = Number.POSITIVE_INFINITY;
    for (const span of this.#spansOf(page)) {
      if (span.to <= start) continue;
      if (span.from >= first) break;
      const slot = this.#wall.from(Math.max(start, span.from) + span.offset) - span.offset;
      if (slot < span.to && slot < first) first = slot;
    }
    return first === Number.POSITIVE_INFINITY ? null : first;
  }

  #lastIn(page: ZonePage, end: number): number | null {
    let last = Number.NEGATIVE_INFINITY;
    for (const span of this.#spansOf(page)) {
      if (span.from >= end) break;
      const slot = this.#wall.before(Math.min(end, span.to) + span.offset) - span.offset;
      if (slot >= span.from && slot > last) last = slot;
    }
    return last === Number.NEGATIVE_INFINITY ? null : last;
  }

  #countIn(page: ZonePage, start: number, end: number): number {
    let found = 0;
    let earlier: OffsetSpan | null = null;
    for (const span of this.#spansOf(page)) {
      const from = Math.max(start, span.from);
      const to = Math.min(end, span.to);
      if (from < to) {
        found += this.#wall.count(from + span.offset, to + span.offset);
        if (earlier) found -= this.#countShared(earlier, span, from, Math.min(to, earlier.to));
      }
      earlier = span;
    }
    return found;
  }

  /** How many instants two spans that overlap both have a slot at: times that never came, moved onto others. */
  #countShared(one: OffsetSpan, other: OffsetSpan, from: number, end: number): number {
    let found = 0;
    for (let wall = this.#wall.from(from + one.offset); wall < end + one.offset; wall = this.#wall.from(wall + 1)) {
      if (this.#wall.has(wall - one.offset + other.offset)) found += 1;
    }
    return found;
  }
}
