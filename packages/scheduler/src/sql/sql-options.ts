import { type Clock, ConfigError } from '@flowrra/core';

/** Options of every SQL backend. */
export interface SqlOptions {
  /**
   * What the names of the tables begin with: letters, digits and underscores, not a digit first, 40 at most.
   * Default `flowrra_`.
   */
  readonly tablePrefix?: string | undefined;
  /** Replaces the server's clock in every statement. For tests. */
  readonly clock?: Clock | undefined;
}

/** For `checkOptions` of a backend that has more options. */
export const SQL_OPTIONS = ['tablePrefix', 'clock'] as const satisfies readonly (keyof SqlOptions)[];

/** @throws ConfigError when it does not tell the time */
export function checkClock(value: unknown): Clock | undefined {
  const { now } = (value ?? {}) as { now?: unknown };
  if (value === undefined || typeof now === 'function') return value as Clock | undefined;
  throw new ConfigError('clock', 'clock must be a Clock, such as ManualClock of @flowrra/core/testing.');
}

/** Table names become part of statements, where nothing can be bound; with index names they must fit 63 characters. */
const PREFIX = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/;

/** @throws ConfigError when it is no identifier */
export function checkTablePrefix(value: unknown = 'flowrra_'): string {
  if (typeof value === 'string' && PREFIX.test(value)) return value;
  throw new ConfigError(
    'tablePrefix',
    'tablePrefix must be 1 to 40 characters out of A-Z a-z 0-9 _ and not start with a digit.',
  );
}
