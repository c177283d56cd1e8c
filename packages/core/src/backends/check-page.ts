import { ArgumentError } from '../errors.js';
import { checkOptions } from '../options.js';
import type { Page } from './base-result-backend.js';

/**
 * A page with nothing left open: no limit is Infinity.
 * @throws ConfigError for an unknown option; ArgumentError when `limit` or `offset` is no whole number from 0 on
 */
export function checkPage(page: Page): { limit: number; offset: number } {
  const { limit, offset } = checkOptions<Page>(page, 'page', ['limit', 'offset']);
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
