import { parseDuration } from './duration.js';
import { ConfigError } from './errors.js';

/**
 * The options object itself, once every key in it is known.
 * @param group how errors call it, such as `executor`; empty for the outermost one
 * @throws ConfigError naming the first unknown option and the known ones
 */
export function checkOptions<T extends object>(
  options: unknown,
  group: string,
  known: readonly (keyof T & string)[],
): T {
  const name = group || 'options';
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ConfigError(name, `${name} must be an object with some of: ${known.join(', ')}.`);
  }
  for (const key of Object.keys(options)) {
    if (!(known as readonly string[]).includes(key)) {
      const path = group ? `${group}.${key}` : key;
      throw new ConfigError(path, `There is no option "${path}". Known: ${known.join(', ')}.`);
    }
  }
  return options as T;
}

/**
 * A whole number within limits.
 * @throws ConfigError naming the option
 */
export function checkInteger(value: unknown, option: string, limits: { min: number; max: number }): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= limits.min && value <= limits.max) return value;
  throw new ConfigError(option, `${option} must be an integer from ${limits.min} to ${limits.max}.`);
}

/**
 * Milliseconds of a duration that is at least `min` milliseconds.
 * @throws ConfigError naming the option
 */
export function checkDuration(value: unknown, option: string, limits: { min: number }): number {
  try {
    return parseDuration(value, option, limits);
  } catch (cause) {
    throw new ConfigError(option, cause instanceof Error ? cause.message : `${option} must be a duration.`, { cause });
  }
}
