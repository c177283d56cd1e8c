import { TaskExistsError } from '../errors.js';
import type { AnyFunction, TaskContract, TaskKind } from './task.js';

/** Where the code of a CPU task is. */
export interface CpuCode {
  /** The module, as in `new URL('./hash.js', import.meta.url)`. */
  readonly module: URL | string;
  /** The name of the exported function; default `default`. */
  readonly export?: string | undefined;
}

/** A task that this process can run. */
export type Implementation =
  | { readonly contract: TaskContract; readonly kind: 'io'; readonly handler: AnyFunction }
  | { readonly contract: TaskContract; readonly kind: 'cpu'; readonly code: CpuCode };

/** The tasks that this process can run, by name. */
export class TaskRegistry {
  readonly #implementations = new Map<string, Implementation>();
  readonly #onAdd: ((kind: TaskKind) => void)[] = [];

  /** @throws TaskExistsError when the name is taken */
  add(implementation: Implementation): void {
    const { name } = implementation.contract;
    if (this.#implementations.has(name)) throw new TaskExistsError(name);
    this.#implementations.set(name, implementation);
    for (const listener of this.#onAdd) listener(implementation.kind);
  }

  get(name: string): Implementation | undefined {
    return this.#implementations.get(name);
  }

  names(): string[] {
    return [...this.#implementations.keys()];
  }

  hasKind(kind: TaskKind): boolean {
    return [...this.#implementations.values()].some((implementation) => implementation.kind === kind);
  }

  /** Calls `listener` for every task that is added from now on. */
  onAdd(listener: (kind: TaskKind) => void): void {
    this.#onAdd.push(listener);
  }
}
