import type { TaskErrorInfo } from '../errors.js';

const MAX_MESSAGE = 4_000;
const MAX_STACK = 6_000;
const MAX_CAUSE_STACK = 500;
const MAX_CAUSE_MESSAGE = 500;
const MAX_CAUSES = 3;

/**
 * What is stored of a thrown value: whatever it is (string, undefined, cycle, getters that throw), this ends with a
 * readable description of at most 16 KB as JSON.
 */
export function describeError(thrown: unknown): TaskErrorInfo {
  try {
    return describe(thrown, 0);
  } catch {
    // A revoked proxy throws at every touch.
    return { name: 'NonErrorThrown', message: 'Thrown: a value that cannot be read.' };
  }
}

function describe(thrown: unknown, depth: number): TaskErrorInfo {
  if (!(thrown instanceof Error) && !looksLikeError(thrown)) return describeValue(thrown);
  const cutter = new Cutter();
  const name = cutter.cut(readText(thrown, 'name') || 'Error', 200);
  const message = cutter.cut(readText(thrown, 'message'), depth === 0 ? MAX_MESSAGE : MAX_CAUSE_MESSAGE);
  const code = readText(thrown, 'code');
  const stack = readText(thrown, 'stack');
  const cause = firstCause(thrown);
  if (cause !== undefined && depth >= MAX_CAUSES) cutter.truncated = true;
  const info: TaskErrorInfo = {
    name,
    message,
    ...(code && { code: cutter.cut(code, 200) }),
    ...(stack && { stack: cutter.cut(stack, depth === 0 ? MAX_STACK : MAX_CAUSE_STACK) }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describe(cause, depth + 1) }),
  };
  return cutter.truncated ? { ...info, truncated: true } : info;
}

/** A thrown value that is no error: its text serves as the message. */
function describeValue(thrown: unknown): TaskErrorInfo {
  const cutter = new Cutter();
  const message = cutter.cut(`Thrown: ${toText(thrown)}`, MAX_MESSAGE);
  return { name: 'NonErrorThrown', message, ...(cutter.truncated && { truncated: true }) };
}

/** Errors of another realm (a thread, a vm) are no instances of this realm's Error. */
function looksLikeError(value: unknown): value is Error {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof read(value, 'message') === 'string' &&
    typeof read(value, 'stack') === 'string'
  );
}

function firstCause(error: object): unknown {
  const cause = read(error, 'cause');
  if (cause !== undefined) return cause;
  const errors = read(error, 'errors');
  return Array.isArray(errors) ? errors[0] : undefined;
}

function readText(from: object, key: string): string {
  const value = read(from, key);
  return typeof value === 'string' || typeof value === 'number' ? wellFormed(String(value)) : '';
}

function read(from: object, key: string): unknown {
  try {
    return (from as Record<string, unknown>)[key];
  } catch {
    return `(reading ${key} failed)`;
  }
}

function toText(value: unknown): string {
  if (typeof value === 'string') return wellFormed(value);
  try {
    return (typeof value === 'object' ? JSON.stringify(value) : undefined) ?? String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Stored text must survive every store: no lone surrogates, no U+0000. */
function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}|\0/gu, '\ufffd');
}

class Cutter {
  truncated = false;

  /** Cuts a text to `max` bytes of its JSON. */
  cut(text: string, max: number): string {
    let kept = text.slice(0, max);
    for (let size = jsonBytes(kept); size > max; size = jsonBytes(kept))
      kept = kept.slice(0, Math.floor((kept.length * max) / size));
    if (kept.length === text.length) return text;
    this.truncated = true;
    return `${wellFormed(kept)}…`;
  }
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}
