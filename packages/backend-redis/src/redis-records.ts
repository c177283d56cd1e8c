import type { Delivery, TaskStatus } from '@flowrra/core';

/** The forms of records and leases are told in scripts/includes/record.lua and lease.lua. */
const NEWLINE = 0x0a;
const MESSAGE_FIELDS = 17;
const END_FIELDS = 13;
const RESULT_FIELDS = 7;

/** A message that the broker holds. Times are epoch ms; 0 means none. */
export interface MessageRecord {
  readonly kind: 'message';
  readonly fence: number;
  readonly attempt: number;
  readonly crashes: number;
  readonly cancelled: boolean;
  readonly exhausted: boolean;
  /** Whether its id is to be known for a while after the end. */
  readonly remembered: boolean;
  readonly expiresAt: number;
  readonly submittedAt: number;
  readonly deferredSince: number;
  readonly startedAt: number;
  readonly queue: string;
  readonly lane: string;
  readonly worker: string | null;
  /** As a field: see `encodeField`. Empty: unknown. */
  readonly origin: string;
  readonly payload: string;
  /** JSON; empty: there was none. */
  readonly lastError: string;
}

/** How a message ended. */
export interface EndRecord {
  readonly kind: 'end';
  readonly status: TaskStatus;
  readonly delivery: Omit<Delivery, 'taskId' | 'progress'>;
  readonly finishedAt: number;
  readonly payload: string;
  /** JSON; empty: none was reported. */
  readonly progress: string;
  /** JSON of the result, or of the error. */
  readonly outcome: string;
}

/** A result as `encodeTaskResult` wrote it. */
export interface ResultRecord {
  readonly kind: 'result';
  readonly status: TaskStatus;
  readonly body: string;
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
  // Lengths are those of bytes: the body is cut before it becomes text.
  const body = bytes.subarray(end + 1);
  if (fields[0] === 'm' && fields.length === MESSAGE_FIELDS) return messageRecord(fields, body);
  if (fields[0] === 'f' && fields.length === END_FIELDS) return endRecord(fields, body);
  // The status of these was checked by the scripts, which know the six.
  if (fields[0] === 'r' && fields.length === RESULT_FIELDS)
    return { kind: 'result', status: fields[1] as TaskStatus, body: body.toString() };
  return null;
}

/** Queue and lane in the first line of a message's record; null when it is none. */
export function parseLane(firstLine: string): { queue: string; lane: string } | null {
  const [kind, queue, lane] = firstLine.split('|');
  return kind === 'm' && queue && lane ? { queue, lane } : null;
}

export function parseLease(text: string): LeaseRecord | null {
  const match = /^(\d+)\|(\d+)\|(\d+)\|([^|]+)\|([^|]+)\|([^|]*)\|[^|]*\|c?\|(.*)$/s.exec(text);
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
    queue = '',
    lane = '',
    fence,
    attempt,
    crashes,
    ,
    ,
    ,
    flags = '',
    expiresAt,
    submittedAt,
    deferredSince,
    startedAt,
    payloadBytes,
    worker,
    origin = '',
  ] = fields;
  return {
    kind: 'message',
    fence: Number(fence),
    attempt: Number(attempt),
    crashes: Number(crashes),
    cancelled: flags.includes('c'),
    exhausted: flags.includes('x'),
    remembered: flags.includes('r'),
    expiresAt: Number(expiresAt),
    submittedAt: Number(submittedAt),
    deferredSince: Number(deferredSince),
    startedAt: Number(startedAt),
    queue,
    lane,
    worker: worker ? decodeField(worker) : null,
    origin,
    payload: body.toString('utf8', 0, Number(payloadBytes)),
    lastError: body.length > Number(payloadBytes) ? body.toString('utf8', Number(payloadBytes)) : '',
  };
}

function endRecord(fields: readonly string[], body: Buffer): EndRecord {
  const [, status, , ran, fence, submittedAt, , attempt, waited, payloadBytes, progressBytes, queue = '', worker] =
    fields;
  const startedAt = Number(submittedAt) + Number(waited);
  const progressAt = Number(payloadBytes);
  const outcomeAt = progressAt + Number(progressBytes);
  return {
    kind: 'end',
    status: status as TaskStatus,
    delivery: {
      queue,
      attempt: Number(attempt),
      fence: Number(fence),
      submittedAt: Number(submittedAt),
      startedAt,
      worker: worker ? decodeField(worker) : null,
    },
    finishedAt: startedAt + Number(ran),
    payload: body.toString('utf8', 0, progressAt),
    progress: body.toString('utf8', progressAt, outcomeAt),
    outcome: body.toString('utf8', outcomeAt),
  };
}

/** What the worker says about an end. Times are epoch ms; names are fields of a record already: see `encodeField`. */
export interface End {
  readonly status: TaskStatus;
  /** How long it ran, in milliseconds. */
  readonly ran: number;
  /** How long it is kept from then on, in milliseconds; null: for ever. */
  readonly ttl: number | null;
  readonly fence: number;
  readonly submittedAt: number;
  readonly startedAt: number;
  readonly remembered: boolean;
  readonly attempt: number;
  readonly queue: string;
  readonly worker: string;
  readonly payload: string;
  /** JSON; empty: none was reported. */
  readonly progress: string;
  /** JSON of the result, or of the error. */
  readonly outcome: string;
}

/** The record of an end, as scripts/finish.lua takes it. */
export function encodeEnd(end: End): string {
  const { status, ran, ttl, fence, submittedAt, remembered, attempt, queue, worker, payload, progress, outcome } = end;
  const flags = remembered ? 'r' : '';
  const waited = end.startedAt - submittedAt;
  const expiresAt = ttl === null ? 0 : end.startedAt + ran + ttl;
  const lengths = `${Buffer.byteLength(payload)}|${Buffer.byteLength(progress)}`;
  const line = `f|${status}|${expiresAt}|${ran}|${fence}|${submittedAt}|${flags}|${attempt}|${waited}|${lengths}|${queue}|${worker}`;
  return `${line}\n${payload}${progress}${outcome}`;
}

/** Milliseconds that the record of an end is kept for, from the end on; 0 when it is no such record. */
export function timeToLive(bytes: Buffer): number {
  const [kind, , expiresAt, ran, , submittedAt, , , waited] = bytes
    .toString('utf8', 0, bytes.indexOf(NEWLINE))
    .split('|');
  if (kind !== 'f') return 0;
  if (expiresAt === '0') return Number.POSITIVE_INFINITY;
  return Number(expiresAt) - Number(submittedAt) - Number(waited) - Number(ran);
}

/** That a task has ended. */
export interface Notice {
  readonly taskId: string;
  /** Null when it was too large to be sent along. */
  readonly record: Buffer | null;
}

/** The notices in one message: see scripts/includes/notices.lua. */
export function* parseNotices(message: Buffer): Generator<Notice> {
  for (let at = 0; at < message.length; ) {
    const lineEnd = message.indexOf(NEWLINE, at);
    if (lineEnd < 0) return;
    const [taskId = '', bytes] = message.toString('utf8', at, lineEnd).split('|');
    at = lineEnd + 1 + Number(bytes);
    const record = message.subarray(lineEnd + 1, at);
    yield { taskId, record: record.length > 0 ? record : null };
  }
}

/** A stored result that is not final is read down to its first line. */
export function isOpenResult(bytes: Buffer): boolean {
  return bytes.toString('utf8', 0, 2) === 'r|' && bytes.indexOf(NEWLINE) === bytes.length - 1;
}

/** Who submitted the message whose record begins like this, empty when that is unknown; null when it is no message. */
export function originOf(bytes: Buffer): string | null {
  if (bytes.toString('utf8', 0, 2) !== 'm|') return null;
  const line = bytes.toString('utf8', 0, bytes.indexOf(NEWLINE));
  return decodeField(line.slice(line.lastIndexOf('|') + 1));
}
