import { ArgumentError } from '../errors.js';
import type { Page } from './base-result-backend.js';

/**
 * A page with nothing left open: no limit is Infinity.
 * @throws ArgumentError when `limit` or `offset` is no whole number from 0 on
 */
export function checkPage({ limit, offset }: Page): { limit: number; offset: number } {
  return {
    limit:
      limit === null || limit === undefined
        ? Number.POSITIVE_INFINITY
        : checkCount(limit, 'limit', ', or null for all'),
    offset: checkCount(offset ?? 0, 'offset', ''),
  };
}

function checkCount(value: number, argument: string, orElse: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ArgumentError(argument, `${argument} must be a whole number from 0 on${orElse}.`);
}
