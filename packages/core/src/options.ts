import { parseDuration } from './duration.js';
import { ConfigError } from './errors.js';
import { checkName } from './names.js';

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
  checkPlainObject(options, name, `an object with some of: ${known.join(', ')}`);
  for (const key of Object.keys(options as object)) {
    if (!(known as readonly string[]).includes(key)) {
      const path = group ? `${group}.${key}` : key;
      throw new ConfigError(path, `There is no option "${path}". Known: ${known.join(', ')}.`);
    }
  }
  return options as T;
}

/**
 * An object literal, or something as plain: what another object has, a promise or a URL say, would be ignored.
 * @param wanted what errors say that it must be
 * @throws ConfigError naming the option
 */
export function checkPlainObject(value: unknown, option: string, wanted: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const prototype: unknown = Object.getPrototypeOf(value);
    // By its place in the chain, as objects of another realm are plain as well.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return value as Record<string, unknown>;
  }
  const hint = value instanceof Promise ? ' This is a promise: await it first.' : '';
  throw new ConfigError(option, `${option} must be ${wanted}.${hint}`);
}

/** By what it can do: polyfills and other realms have an AbortSignal of their own. @throws ConfigError */
export function checkSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  if (typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal)
    return signal as AbortSignal;
  throw new ConfigError('signal', 'signal must be an AbortSignal, such as the signal of an AbortController.');
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

/**
 * A name as an option.
 * @throws ConfigError naming the option
 */
export function checkNameOption(value: unknown, option: string): string {
  try {
    return checkName(value, option);
  } catch (cause) {
    throw new ConfigError(option, (cause as Error).message, { cause });
  }
}
