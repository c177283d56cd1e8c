/**
 * A stretch of time for which the wall clock is `offset` milliseconds ahead of UTC: from an instant up to, but without,
 * another one.
 */
export interface OffsetSpan {
  readonly from: number;
  readonly to: number;
  readonly offset: number;
}

/** A piece of time, about a year long, and how the clocks of a zone run in it. */
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

const DAY = 86_400_000;
/** No two changes of a zone since 1970 are closer than six days, so none hides between two looks at its offset. */
const STEP = 2 * DAY;
/** Longer than any change: Samoa left out a whole day. A change so near to a page tells on it. */
const MARGIN = STEP;
/** Pages kept for a zone: 140 years. */
const PAGES_KEPT = 128;

type OffsetReader = (instant: number) => number;

/** The rules of one time zone, as the runtime knows them (Intl), looked up once: asking Intl takes microseconds. */
export class ZoneOffsets {
  /** Kept, some 50 KB: the runtime gives the memory of a formatter back late, or not at all. */
  readonly #offsetAt: OffsetReader;
  readonly #pageLength: number;
  readonly #pages = new Map<number, ZonePage>();
  #latest: ZonePage = { from: 0, to: 0, everyPass: [], firstPass: [] };

  /**
   * @param pageLength milliseconds; default 400 days
   * @throws RangeError when the runtime knows no such zone
   */
  constructor(zone: string, pageLength = 400 * DAY) {
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
  const firstPass = spans.map((span, index) => {
    const before = spans[index - 1]?.offset ?? span.offset;
    const after = spans[index + 1]?.offset ?? span.offset;
    return {
      from: span.from + Math.max(0, before - span.offset),
      to: span.to + Math.max(0, after - span.offset),
      offset: span.offset,
    };
  });
  return { from, to, everyPass: within(spans, from, to), firstPass: within(firstPass, from, to) };
}

function within(spans: readonly OffsetSpan[], from: number, to: number): OffsetSpan[] {
  return spans
    .map((span) => ({ ...span, from: Math.max(span.from, from), to: Math.min(span.to, to) }))
    .filter((span) => span.from < span.to);
}

/** The spans from `from` to `to`, found by looking every other day and halving the time between two that differ. */
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
  let low = before;
  let high = after;
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000;
    if (isAsBefore(middle)) low = middle;
    else high = middle;
  }
  return high;
}

/** Reads by how much the wall clock is ahead of UTC at an instant of whole seconds, from what it shows then. */
function offsetReader(zone: string): OffsetReader {
  const clock = wallClock(zone);
  return (instant) => {
    const [month = 1, day = 1, year = 0, hour = 0, minute = 0, second = 0] =
      clock.format(instant).match(/\d+/g)?.map(Number) ?? [];
    return Date.UTC(year, month - 1, day, hour, minute, second) - instant;
  };
}

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
