import { BackendError, FlowrraError, StoreFullError, StoreUnavailableError } from '@flowrra/core';

/** The connection went away, or stayed silent, after a command was sent: it was carried out or not. */
export class ReplyLostError extends StoreUnavailableError {}

/** The server does not know the script (any more); sending its text helps. */
export function isUnknownScript(err: unknown): boolean {
  return err instanceof Error && err.message.startsWith('NOSCRIPT');
}

/** The server takes no writes since it follows another one: its address may lead to that one by now. */
export function isFollower(err: unknown): boolean {
  return isReplyError(err) && /\b(READONLY|MASTERDOWN)\b/.test(err.message);
}

/** Answers of a server that will work again by itself; nothing was changed. */
const FOR_NOW: readonly [pattern: RegExp, what: string][] = [
  [/\bLOADING\b/, 'is loading its data'],
  [/\bREADONLY\b/, 'is a read-only replica'],
  [/\bMASTERDOWN\b/, 'has lost its master'],
  [/\bCLUSTERDOWN\b|\bTRYAGAIN\b/, 'is a cluster that is down'],
  [/\bNOREPLICAS\b/, 'has too few replicas to write'],
  [/\bMISCONF\b/, 'cannot save its data to disk, and refuses writes'],
  [/\bBUSY\b/, 'is busy with a script'],
  [/max number of clients/, 'has no room for another connection'],
];
/** What a server is that has only a part of the keys. */
export const IS_CLUSTER = 'is a node of a Redis Cluster, which is not supported yet: use a server of its own';
/** Answers that only a person can do something about. */
const FOR_GOOD: readonly [pattern: RegExp, what: string][] = [
  [/\bNOAUTH\b|Authentication required/, 'wants a password: put it into the address, as in redis://:password@host'],
  [/\bWRONGPASS\b|invalid password|invalid username/, 'refuses this user name or password'],
  [
    /\bNOPERM\b|ACL failure in script|user executing the script can't/,
    "refuses a command: the user lacks a permission (README, 'Permissions')",
  ],
  [/\bWRONGTYPE\b/, 'holds other data under a key of this namespace: choose another keyPrefix'],
  [/DB index is out of range|invalid DB index/, 'has no database of that number'],
  [/SELECT is not allowed in cluster mode/, 'is a cluster, which has no numbered databases'],
  [/\b(CROSSSLOT|MOVED|ASK)\b/, IS_CLUSTER],
  [
    /in (subscriber|monitoring) mode/,
    'is asked by a client that listens to channels, and can do nothing else: pass another',
  ],
];

/** Whether an error of the connection itself will not go away by trying again. */
export function isRefusal(err: unknown): boolean {
  return err instanceof Error && FOR_GOOD.some(([pattern]) => pattern.test(err.message));
}

/** The one place that turns what the driver throws into Flowrra's errors. `address` is shown, so it has no login. */
export function translateError(err: unknown, address: string): FlowrraError {
  if (err instanceof FlowrraError) return err;
  forgetArguments(err);
  const text = err instanceof Error ? err.message : String(err);
  if (/\bOOM\b/.test(text)) {
    return new StoreFullError(
      `Redis at ${address} is out of memory and refuses writes. Raise maxmemory, or let tasks drain.`,
      { cause: err },
    );
  }
  for (const [pattern, what] of FOR_NOW) {
    if (pattern.test(text))
      return new StoreUnavailableError(`Redis at ${address} ${what}. Try again later.`, { cause: err });
  }
  for (const [pattern, what] of FOR_GOOD) {
    // Which permission it is, or where a cluster has the key, is in its own words.
    if (pattern.test(text)) return new BackendError(`Redis at ${address} ${what}. It says: ${text}`, { cause: err });
  }
  if (isReplyError(err)) return new BackendError(`Redis at ${address} refuses a command: ${text}`, { cause: err });
  // In words about an option of the driver that nobody sets here.
  const detail = text.startsWith('Reached the max retries per request limit') ? '' : `: ${text}`;
  return new ReplyLostError(`The connection to Redis at ${address} was lost${detail}.`, { cause: err });
}

/** The driver notes on its errors what it sent: the password of AUTH, the payloads of scripts. Logs print that. */
function forgetArguments(err: unknown): void {
  const { command } = (err ?? {}) as { command?: { name?: unknown } };
  if (command) Object.assign(err as object, { command: { name: command.name } });
}

/** Whether the server sent it; what else the driver throws is about the connection. */
function isReplyError(err: unknown): err is Error {
  return err instanceof Error && err.name === 'ReplyError';
}

/** Whether the server lets nobody, or not this user, give the command. */
export function isForbidden(err: unknown): boolean {
  return isReplyError(err) && /NOPERM|unknown command/i.test(err.message);
}

/** What the driver says when a connection ends before it is ready: about itself, and after what was to be said. */
export function isEndOfGreeting(err: unknown): boolean {
  return err instanceof Error && err.message.startsWith("Stream isn't writeable");
}

/** The same for people. `cause`: what was heard of that connection, if anything. */
export function greetingEnded(cause: unknown): Error {
  return new Error(
    'it ends connections before they are ready. It may want TLS (rediss://), have no room for more (maxclients), or be no Redis',
    { cause },
  );
}

/** The error for a server that cannot be reached; nothing was sent. */
export function unreachable(address: string, cause: unknown): StoreUnavailableError {
  const text = cause instanceof Error && cause.message ? `: ${cause.message}` : '';
  return new StoreUnavailableError(
    `Redis at ${address} cannot be reached${text}. Is it running, and is the address right?`,
    { cause },
  );
}
