const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York'] as const;

/** Of every kind of field, and of the dates that are rare. */
const EXPRESSIONS = [
  '* * * * *',
  '*/5 * * * *',
  '0 * * * *',
  '30 6 * * *',
  '*/15 9-17 * * 1-5',
  '0 9 * * 1-5',
  '0 3 * * 0',
  '0 0 1 * *',
  '15 10 15 * *',
  '0 12 13 * 5',
  '0 8 * * 1#1',
  '0 0 31 * *',
  '0 0 29 2 *',
] as const;

export interface CronCase {
  readonly expression: string;
  readonly zone: string;
}

export const CRON_CASES: readonly CronCase[] = EXPRESSIONS.flatMap((expression) =>
  ZONES.map((zone) => ({ expression, zone })),
);

/** Slots that are computed from one start, each as the next one after the one before. */
export const SLOTS = 50;

/**
 * Instants in different months, and not near one at which a clock is changed: there the systems differ by intention, and not
 * every one has a right answer.
 */
export const STARTS: readonly number[] = Array.from({ length: 12 }, (_, month) =>
  Date.UTC(2026, month, 10 + month, 3 + month, 7 * (month % 8), 11, 500),
);
