import type { Clock } from './clock.js';
import type { Logger } from './logger.js';

/**
 * Contracts are recognised by this mark instead of `instanceof`, so that two copies of core in one process understand
 * each other. The number is the contract's version: it grows only with a change that breaks implementations.
 */
export const CONTRACT = Symbol.for('flowrra.contract');

export type ContractName = 'result-backend@1' | 'broker@1' | 'scheduler-backend@1';

/** Whether the value implements the contract of that name and version. */
export function implementsContract(value: unknown, name: ContractName): boolean {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[CONTRACT] === name;
}

/** What a value is as a contract, for errors: its mark, or that it has none. */
export function describeContract(value: unknown): string {
  const mark = typeof value === 'object' && value !== null ? (value as Record<symbol, unknown>)[CONTRACT] : undefined;
  return typeof mark === 'string' ? `a ${mark}` : 'something that implements no contract of Flowrra';
}

/** What a store is given when it is opened. */
export interface StoreContext {
  readonly clock: Clock;
  readonly logger: Logger;
}
