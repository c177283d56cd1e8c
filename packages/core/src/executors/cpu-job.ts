import type { Logger } from '../logger.js';
import type { JsonObject, JsonValue } from '../tasks/codec.js';
import type { TaskContext } from '../tasks/task-context.js';
import type { AttemptEnd } from './attempt.js';

/** One call of a CPU task. Everything in it can be copied into a thread. */
export interface CpuJob {
  /** The href of the module. */
  readonly module: string;
  readonly exportName: string;
  readonly args: readonly JsonValue[];
  /** Passed as the last argument when not null. */
  readonly kwargs: JsonObject | null;
  readonly context: Pick<TaskContext, 'id' | 'name' | 'queue' | 'attempt' | 'fence'>;
  /** Most bytes of the encoded result. */
  readonly maxPayloadBytes: number;
}

/** What a thread is given. `call` tells its messages from late ones of an earlier call. */
export interface CpuCall {
  readonly call: number;
  readonly job: CpuJob;
}

/** What a thread answers. */
export interface CpuReply {
  readonly end: AttemptEnd;
  /** The last progress of the call: what was merged away or is still on its way counts as well. */
  readonly progress: string | null;
}

/** What a thread says while it runs. The mark tells it from messages that the handler's own code posts. */
export type CpuMessage = { readonly flowrra: 'cpu' } & (
  | { readonly kind: 'progress'; readonly call: number; readonly json: string }
  | { readonly kind: 'log'; readonly level: keyof Logger; readonly data: object; readonly message: string }
);

/** Whether a message of a thread is one of ours. */
export function isCpuMessage(message: unknown): message is CpuMessage {
  return typeof message === 'object' && message !== null && 'flowrra' in message && message.flowrra === 'cpu';
}
