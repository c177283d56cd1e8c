/**
 * A stretch of time for which the wall clock is `offset` milliseconds ahead of UTC: from an instant up to, but without,
 * another one.
 */
export interface OffsetSpan {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
}

/** A piece of time, some days long, and how the clocks of a zone run in it. */
export interface ZonePage {
  readonly from: number;
  readonly to: number;
  /** How the clocks show it: each instant is in one span. */
  readonly everyPass: readonly OffsetSpan[];
  /**
   * Each time on the wall clock once. When the clocks go back, the next span begins only where the hour that comes twice
   * is over; when they go forward, the span before goes on for the hour that never came, and so overlaps with the next.
   */
  readonly firstPass: readonly OffsetSpan[];
}

const SECOND = 1_000;
/** Nearly all changes are at a multiple of it, on any clock. */
const QUARTER = 900_000;
const DAY = 86_400_000;
/** No two changes of a zone since 1970 are closer than six days, so none hides between two looks at its offset. */
const STEP = 5 * DAY;
/** Longer than any change: Samoa left out a whole day. A change so near to a page tells on it. */
const MARGIN = 2 * DAY;
/** Short, so that of a schedule of one slot a year few looks are needed for each. */
const PAGE_LENGTH = 16 * DAY;
/** Pages kept for a zone: 17 years. */
const PAGES_KEPT = 400;

type OffsetReader = (instant: number) => number;

/** The rules of one time zone, as the runtime knows them (Intl), looked up once: asking Intl takes microseconds. */
export class ZoneOffsets {
  /** Kept, some 50 KB: the runtime gives the memory of a formatter back late, or not at all. */
  readonly #offsetAt: OffsetReader;
  readonly #pageLength: number;
  readonly #pages = new Map<number, ZonePage>();
  #latest: ZonePage = { from: 0, to: 0, everyPass: [], firstPass: [] };

  /**
   * @param pageLength milliseconds; default 16 days
   * @throws RangeError when the runtime knows no such zone
   */
  constructor(zone: string, pageLength = PAGE_LENGTH) {
    this.#offsetAt = offsetReader(zone);
    this.#pageLength = pageLength;
  }

  /** The page that holds an instant. */
  pageOf(instant: number): ZonePage {
    if (instant >= this.#latest.from && instant < this.#latest.to) return this.#latest;
    const number = Math.floor(instant / this.#pageLength);
    let page = this.#pages.get(number);
    if (!page) {
      page = readPage(this.#offsetAt, number * this.#pageLength, (number + 1) * this.#pageLength);
      if (this.#pages.size >= PAGES_KEPT) this.#pages.clear();
      this.#pages.set(number, page);
    }
    this.#latest = page;
    return page;
  }
}

function readPage(offsetAt: OffsetReader, from: number, to: number): ZonePage {
  const spans = readSpans(offsetAt, from - MARGIN, to + MARGIN);
  const everyPass = within(spans, from, to);
  if (spans.length === 1) return { from, to, everyPass, firstPass: everyPass };
  const firstPass = spans.map((span, index) => {
    const before = spans[index - 1]?.offset ?? span.offset;
    const after = spans[index + 1]?.offset ?? span.offset;
    return {
      from: span.from + Math.max(0, before - span.offset),
      to: span.to + Math.max(0, after - span.offset),
      offset: span.offset,
    };
  });
  return { from, to, everyPass, firstPass: within(firstPass, from, to) };
}

function within(spans: readonly OffsetSpan[], from: number, to: number): OffsetSpan[] {
  return spans
    .map((span) => ({ ...span, from: Math.max(span.from, from), to: Math.min(span.to, to) }))
    .filter((span) => span.from < span.to);
}

/** The spans from `from` to `to`, found by looking every few days and halving the time between two that differ. */
function readSpans(offsetAt: OffsetReader, from: number, to: number): OffsetSpan[] {
  const spans: OffsetSpan[] = [];
  let start = from;
  let offset = offsetAt(from);
  for (let look = from; look < to; look += STEP) {
    const end = Math.min(look + STEP, to);
    if (offsetAt(end) !== offset) {
      const change = changeBetween(look, end, (instant) => offsetAt(instant) === offset);
      spans.push({ from: start, to: change, offset });
      start = change;
      offset = offsetAt(change);
    }
  }
  spans.push({ from: start, to, offset });
  return spans;
}

/** The first whole second after `before` at which things are not as they were; they are not at `after`. */
function changeBetween(before: number, after: number, isAsBefore: (instant: number) => boolean): number {
  const [low, high] = narrow(before, after, QUARTER, isAsBefore);
  if (isAsBefore(high - SECOND)) return high;
  return narrow(low, high, SECOND, isAsBefore)[1];
}

/** Halves the time in which things change as long as a multiple of `grain` lies inside. */
function narrow(
  before: number,
  after: number,
  grain: number,
  isAsBefore: (instant: number) => boolean,
): [before: number, after: number] {
  let [low, high] = [before, after];
  for (;;) {
    const middle = Math.floor((low + high) / 2 / grain) * grain;
    if (middle <= low) return [low, high];
    if (isAsBefore(middle)) low = middle;
    else high = middle;
  }
}

/** Reads by how much the wall clock is ahead of UTC at an instant of whole seconds, from what it shows then. */
function offsetReader(zone: string): OffsetReader {
  const clock = wallClock(zone);
  return (instant) => {
    const [, month, day, year, hour, minute, second] = SIX_NUMBERS.exec(clock.format(instant)) ?? [];
    const wall = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
    return wall - instant;
  };
}

const SIX_NUMBERS = /(\d+)\D+(\d+)\D+(\d+)\D+(\d+)\D+(\d+)\D+(\d+)/;

function wallClock(zone: string): Intl.DateTimeFormat {
  const numeric = 'numeric';
  return new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  });
}
