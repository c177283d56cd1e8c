import { EventEmitter } from 'node:events';
import { ArgumentError, type TaskErrorInfo } from '../errors.js';
import type { Logger } from '../logger.js';
import type { ClaimedTask } from '../stores/task-store.js';
import type { JsonValue } from '../tasks/codec.js';
import type { FinishedTaskResult } from '../tasks/task-result.js';

interface TaskEvent {
  readonly taskId: string;
  readonly taskName: string;
  readonly queue: string;
}
interface AttemptEvent extends TaskEvent {
  readonly attempt: number;
  readonly fence: number;
}

/** What every event and log line about an attempt says. */
export function attemptEvent({ lease, message, attempt }: ClaimedTask): AttemptEvent {
  return { taskId: lease.id, taskName: message?.taskName ?? '', queue: lease.queue, attempt, fence: lease.fence };
}

/** What happens in this process, by name. */
export interface TaskEventMap {
  /** This process enqueued a task. */
  submitted: TaskEvent;
  /** An attempt starts here. */
  started: AttemptEvent;
  progress: AttemptEvent & { readonly progress: JsonValue };
  /** An attempt failed here; another follows `delay` ms later. */
  retrying: AttemptEvent & { readonly error: TaskErrorInfo; readonly delay: number };
  /** A task ended here, with its stored result. */
  finished: AttemptEvent & { readonly result: FinishedTaskResult };
  /** A task went back to its queue unfinished: its worker stops, or does not know the task. */
  released: AttemptEvent & { readonly reason: 'stopped' | 'deferred' };
  /** The lease ended while the task ran here; what it returns is refused. */
  leaseLost: AttemptEvent;
}
export type TaskEventName = keyof TaskEventMap;

const NAMES: Readonly<Record<TaskEventName, true>> = {
  submitted: true,
  started: true,
  progress: true,
  retrying: true,
  finished: true,
  released: true,
  leaseLost: true,
};

/** Watching what happens. Listeners change nothing: one that throws or rejects is logged. */
export class TaskEvents {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  constructor(readonly logger: Logger) {}

  /** @returns ends the subscription @throws ArgumentError for an unknown event */
  on<Name extends TaskEventName>(name: Name, listener: (event: TaskEventMap[Name]) => void): () => void {
    if (!Object.hasOwn(NAMES, name))
      throw new ArgumentError('event', `There is no event "${name}". Known: ${Object.keys(NAMES).join(', ')}.`);
    if (typeof listener !== 'function') throw new ArgumentError('listener', 'A listener must be a function.');
    // An async function is a listener too: the compiler lets it pass.
    const guarded = async (event: TaskEventMap[Name]): Promise<void> => {
      try {
        await listener(event);
      } catch (err) {
        this.logger.error({ err, event: name }, 'an event listener threw');
      }
    };
    this.#emitter.on(name, guarded);
    return () => this.#emitter.off(name, guarded);
  }

  /** `describe` is called only when somebody listens. */
  emit<Name extends TaskEventName>(name: Name, describe: () => TaskEventMap[Name]): void {
    if (this.#emitter.listenerCount(name) > 0) this.#emitter.emit(name, describe());
  }
}
