import { FlowrraError } from './errors.js';

/** The error, whose message says now at which place of a list it was. What the caller's own objects throw stays as it is. */
export function errorAt(place: string, err: unknown): unknown {
  if (err instanceof FlowrraError) err.message = `${place}: ${err.message}`;
  return err;
}
