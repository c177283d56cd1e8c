import { ArgumentError } from './errors.js';

/** A span of time: a number is milliseconds, a text needs a unit: `250ms`, `10s`, `5m`, `2h`, `1d`. */
export type Duration = number | DurationText;
export type DurationText = `${number}${keyof typeof UNITS}`;

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
/** A hundred years; longer spans are slips of the keyboard. */
export const LONGEST_DURATION = 100 * 365 * UNITS.d;

/**
 * Milliseconds of a duration, rounded to whole ones.
 * @throws ArgumentError when it is no duration, or outside `min` (default 0) and `max`; `name` is what the message calls it.
 */
export function parseDuration(value: unknown, name: string, limits: { min?: number; max?: number } = {}): number {
  const { min = 0, max = LONGEST_DURATION } = limits;
  const ms = typeof value === 'string' ? parseText(value) : value;
  if (typeof ms !== 'number' || !Number.isFinite(ms)) {
    throw new ArgumentError(
      name,
      `${name} must be milliseconds or a text with a unit, such as "250ms", "10s", "5m", "2h" or "1d".`,
    );
  }
  if (ms < min || ms > max) throw new ArgumentError(name, `${name} must be between ${min} ms and ${max} ms.`);
  return Math.round(ms);
}

/** Whether it is a span of time with a unit. */
export function isDurationText(text: string): text is DurationText {
  return TEXT.test(text);
}

function parseText(text: string): number | undefined {
  const match = TEXT.exec(text);
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : undefined;
}
