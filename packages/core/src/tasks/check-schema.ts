import type { StandardSchemaV1 } from '@standard-schema/spec';
import { SchemaError } from '../errors.js';

/**
 * The value as the schema gives it back; the value itself without a schema. Never a promise unless the schema is async.
 * @throws SchemaError with the schema's issues; `path` is what it calls the value
 */
export function checkSchema<T>(schema: StandardSchemaV1 | undefined, value: T, path: string): T | Promise<T> {
  if (!schema) return value;
  const checked = schema['~standard'].validate(value);
  return checked instanceof Promise ? checked.then((result) => unwrap<T>(result, path)) : unwrap<T>(checked, path);
}

function unwrap<T>(checked: StandardSchemaV1.Result<unknown>, path: string): T {
  // What a schema gives back stands for what went in: the task's types describe both.
  if (!checked.issues) return checked.value as T;
  throw new SchemaError(
    path,
    checked.issues.map((issue) => ({ message: issue.message, path: (issue.path ?? []).map(segment).join('.') })),
  );
}

function segment(part: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof part === 'object' ? part.key : part);
}
