import { FlowrraError, PayloadTooLargeError, ResultUnreadableError, SerializationError } from '../errors.js';
import type { TaskResult } from './task-result.js';
import { isTaskStatus } from './task-status.js';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Most bytes of one encoded value (arguments, a result), unless configured. */
export const DEFAULT_MAX_PAYLOAD_BYTES = 1024 * 1024;
const MAX_NESTING = 32;
/** Of the stored form of results. A newer one is left to newer workers. */
const RESULT_FORMAT = 1;

/**
 * The JSON of a value that survives the trip unchanged; `undefined` as a whole becomes `null`.
 * @param path how errors call the value, such as `args`
 * @throws SerializationError for anything that JSON would change or refuse: BigInt, function, symbol, cycle, NaN, -0,
 *   Date, Map, class instance, undefined member, sparse array, ill-formed string, U+0000, nesting over 32, and for what
 *   throws when it is read
 * @throws PayloadTooLargeError over `maxBytes` of UTF-8
 */
export function encodeJson(value: unknown, path: string, maxBytes: number = DEFAULT_MAX_PAYLOAD_BYTES): string {
  if (value === undefined) return 'null';
  const json = strictJson(value, path, maxBytes);
  // A UTF-16 unit is at most three bytes of UTF-8: most values need no second look.
  if (json.length * 3 > maxBytes && Buffer.byteLength(json) > maxBytes) throw new PayloadTooLargeError(path, maxBytes);
  return json;
}

function strictJson(value: unknown, path: string, maxBytes: number): string {
  const walk = new StrictJson(path, maxBytes);
  try {
    walk.check(value, path);
    return JSON.stringify(value);
  } catch (cause) {
    if (cause instanceof FlowrraError) throw cause;
    // A getter or a proxy threw.
    throw new SerializationError(walk.place, 'cannot be read', { cause });
  }
}

/** One walk over one value. Holds what is open above the current node, to see cycles and depth. */
class StrictJson {
  readonly #open: object[] = [];
  #characters = 0;
  /** Where the walk is, or was when it ended. */
  place: string;

  constructor(
    readonly root: string,
    readonly maxBytes: number,
  ) {
    this.place = root;
  }

  check(value: unknown, path: string): void {
    switch (typeof value) {
      case 'string':
        this.#checkString(value, path);
        return;
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0))
          throw new SerializationError(path, `is ${Object.is(value, -0) ? '-0' : value}`);
        return;
      case 'boolean':
        return;
      case 'object':
        if (value !== null) this.#checkObject(value, path);
        return;
      default:
        throw new SerializationError(path, `is ${typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`}`);
    }
  }

  #checkString(text: string, path: string): void {
    this.#count(text.length);
    if (text.includes('\0')) throw new SerializationError(path, 'contains U+0000');
    if (!text.isWellFormed()) throw new SerializationError(path, 'contains half of a surrogate pair');
  }

  #checkObject(value: object, path: string): void {
    this.place = path;
    if (this.#open.includes(value)) throw new SerializationError(path, 'is part of a cycle');
    if (this.#open.length >= MAX_NESTING)
      throw new SerializationError(path, `is nested deeper than ${MAX_NESTING} levels`);
    this.#open.push(value);
    if (Array.isArray(value)) this.#checkArray(value, path);
    else this.#checkPlainObject(value, path);
    // Also one that is hidden: JSON.stringify would call it, and write what it returns.
    if (typeof (value as { toJSON?: unknown }).toJSON === 'function')
      throw new SerializationError(path, 'has a toJSON method');
    this.#open.pop();
  }

  #checkArray(items: readonly unknown[], path: string): void {
    this.#count(items.length);
    if (Object.keys(items).length !== items.length) throw new SerializationError(path, 'has holes or extra properties');
    for (let i = 0; i < items.length; i++) this.check(items[i], `${path}[${i}]`);
  }

  #checkPlainObject(value: object, path: string): void {
    if (!isPlain(value)) throw new SerializationError(path, `is ${kindOf(value)}`);
    if (Object.getOwnPropertySymbols(value).length > 0) throw new SerializationError(path, 'has symbol keys');
    for (const key of Object.keys(value)) {
      this.place = `${path}.${key}`;
      const member = (value as Record<string, unknown>)[key];
      this.#checkString(key, `key of ${path}`);
      this.check(member, this.place);
    }
  }

  /** Stops before JSON.stringify would build a huge text. */
  #count(characters: number): void {
    this.#characters += characters;
    if (this.#characters > this.maxBytes) throw new PayloadTooLargeError(this.root, this.maxBytes);
  }
}

/** An object literal, of another realm too (a vm, a test runner's sandbox): by the place of its prototype in the chain. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: object): string {
  const name = value.constructor?.name;
  return name && name !== 'Object' ? `a ${name}` : 'a class instance';
}

/** The stored form of a whole result, for backends that keep text. */
export function encodeTaskResult(result: TaskResult): string {
  return JSON.stringify({
    v: RESULT_FORMAT,
    ...result,
    submittedAt: result.submittedAt?.getTime() ?? null,
    startedAt: result.startedAt?.getTime() ?? null,
    finishedAt: result.finishedAt?.getTime() ?? null,
  });
}

/**
 * The result back from its stored form.
 * @throws ResultUnreadableError naming the task when it is damaged or of a newer format
 */
export function decodeTaskResult(taskId: string, text: string): TaskResult {
  const stored = parseObject(taskId, text);
  if (stored.v !== RESULT_FORMAT)
    throw new ResultUnreadableError(taskId, `its format is ${String(stored.v)}, known is ${RESULT_FORMAT}`);
  if (!isTaskStatus(stored.status)) throw new ResultUnreadableError(taskId, 'its status is unknown');
  const { v: _format, ...rest } = stored;
  const result = {
    ...rest,
    taskId,
    submittedAt: toDate(stored.submittedAt),
    startedAt: toDate(stored.startedAt),
    finishedAt: toDate(stored.finishedAt),
  };
  // The shape was written by encodeTaskResult of the same format version; the fields that decide were checked above.
  return result as unknown as TaskResult;
}

function parseObject(taskId: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new ResultUnreadableError(taskId, 'it is not JSON', { cause });
  }
  throw new ResultUnreadableError(taskId, 'it is not a JSON object');
}

function toDate(ms: unknown): Date | null {
  return typeof ms === 'number' ? new Date(ms) : null;
}
