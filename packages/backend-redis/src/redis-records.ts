import type { Delivery, TaskStatus } from '@flowrra/core';

/** The forms of records and leases are told in scripts/includes/record.lua and lease.lua. */
const NEWLINE = 0x0a;
const MESSAGE_FIELDS = 17;
const END_FIELDS = 12;
const RESULT_FIELDS = 6;

/** A message that the broker holds. Times are epoch ms; 0 means none. */
export interface MessageRecord {
  readonly kind: 'message';
  readonly fence: number;
  readonly attempt: number;
  readonly crashes: number;
  readonly cancelled: boolean;
  readonly exhausted: boolean;
  readonly expiresAt: number;
  readonly submittedAt: number;
  readonly deferredSince: number;
  readonly startedAt: number;
  readonly queue: string;
  readonly lane: string;
  readonly worker: string | null;
  readonly origin: string | null;
  readonly payload: Buffer;
  readonly lastError: Buffer;
}

/** How a message ended. */
export interface EndRecord {
  readonly kind: 'end';
  readonly status: TaskStatus;
  readonly delivery: Omit<Delivery, 'taskId' | 'progress'>;
  readonly finishedAt: number;
  readonly payload: Buffer;
  readonly outcome: Buffer;
}

/** A result as `encodeTaskResult` wrote it. */
export interface ResultRecord {
  readonly kind: 'result';
  readonly status: TaskStatus;
  readonly body: Buffer;
}

export type TaskRecord = MessageRecord | EndRecord | ResultRecord;

export interface LeaseRecord {
  readonly expiry: number;
  readonly fence: number;
  readonly startedAt: number;
  readonly queue: string;
  readonly lane: string;
  readonly worker: string;
  readonly progress: string;
}

/** The record in the bytes; null when they are none. */
export function parseRecord(bytes: Buffer): TaskRecord | null {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) return null;
  const fields = bytes.toString('utf8', 0, end).split('|');
  const body = bytes.subarray(end + 1);
  if (fields[0] === 'm' && fields.length === MESSAGE_FIELDS) return messageRecord(fields, body);
  if (fields[0] === 'f' && fields.length === END_FIELDS) return endRecord(fields, body);
  // The status of these was checked by the scripts, which know the six.
  if (fields[0] === 'r' && fields.length === RESULT_FIELDS)
    return { kind: 'result', status: fields[1] as TaskStatus, body };
  return null;
}

/** Queue and lane in the first line of a message's record; null when it is none. */
export function parseLane(firstLine: string): { queue: string; lane: string } | null {
  const fields = firstLine.split('|');
  const [queue, lane] = [fields[13], fields[14]];
  return fields[0] === 'm' && queue && lane ? { queue, lane } : null;
}

export function parseLease(text: string): LeaseRecord | null {
  const match = /^(\d+)\|(\d+)\|(\d+)\|([^|]+)\|([^|]+)\|([^|]*)\|c?\|(.*)$/s.exec(text);
  if (!match) return null;
  const [, expiry, fence, startedAt, queue = '', lane = '', worker = '', progress = ''] = match;
  return {
    expiry: Number(expiry),
    fence: Number(fence),
    startedAt: Number(startedAt),
    queue,
    lane,
    worker: decodeField(worker),
    progress,
  };
}

/** Names that others choose must not break the fields. */
export function encodeField(text: string): string {
  return text.replaceAll(/[%|\n]/g, (character) => encodeURIComponent(character));
}

function decodeField(text: string): string {
  return text.includes('%') ? decodeURIComponent(text) : text;
}

function messageRecord(fields: readonly string[], body: Buffer): MessageRecord {
  const [
    ,
    fence,
    attempt,
    crashes,
    flags = '',
    ,
    ,
    ,
    expiresAt,
    submittedAt,
    deferredSince,
    startedAt,
    payloadBytes,
    queue = '',
    lane = '',
    worker,
    origin,
  ] = fields;
  return {
    kind: 'message',
    fence: Number(fence),
    attempt: Number(attempt),
    crashes: Number(crashes),
    cancelled: flags.includes('c'),
    exhausted: flags.includes('x'),
    expiresAt: Number(expiresAt),
    submittedAt: Number(submittedAt),
    deferredSince: Number(deferredSince),
    startedAt: Number(startedAt),
    queue,
    lane,
    worker: worker ? decodeField(worker) : null,
    origin: origin ? decodeField(origin) : null,
    payload: body.subarray(0, Number(payloadBytes)),
    lastError: body.subarray(Number(payloadBytes)),
  };
}

function endRecord(fields: readonly string[], body: Buffer): EndRecord {
  const [, status, fence, submittedAt, , , attempt, startedAt, finishedAt, payloadBytes, queue = '', worker] = fields;
  return {
    kind: 'end',
    status: status as TaskStatus,
    delivery: {
      queue,
      attempt: Number(attempt),
      fence: Number(fence),
      submittedAt: Number(submittedAt),
      startedAt: Number(startedAt),
      worker: worker ? decodeField(worker) : null,
    },
    finishedAt: Number(finishedAt),
    payload: body.subarray(0, Number(payloadBytes)),
    outcome: body.subarray(Number(payloadBytes)),
  };
}

/** Who submitted the message whose record begins like this, empty when that is unknown; null when it is no message. */
export function originOf(bytes: Buffer): string | null {
  if (bytes.toString('utf8', 0, 2) !== 'm|') return null;
  const line = bytes.toString('utf8', 0, bytes.indexOf(NEWLINE));
  return decodeField(line.slice(line.lastIndexOf('|') + 1));
}
