import { ArgumentError } from './errors.js';

/** Task names, queue names, task ids and schedule ids: 1 to 128 of these ASCII characters, the first a letter or digit. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,127}$/;

/**
 * The name itself, when it is one.
 * @throws ArgumentError that states the pattern; `what` is what the message calls it.
 */
export function checkName(value: unknown, what: string): string {
  if (typeof value === 'string' && NAME.test(value)) return value;
  throw new ArgumentError(
    what,
    `${what} must be 1 to 128 characters out of A-Z a-z 0-9 . _ : / @ - and start with a letter or digit.`,
  );
}
