import { BackendError, StoreFullError, StoreUnavailableError } from '@flowrra/core';

/** What a server's or the network's error comes to, and what to say of it: `label` + `what`. */
export interface Trouble {
  /** `unavailable`: it may work again by itself; `full`: out of room; `refused`: somebody has to do something. */
  readonly kind: 'unavailable' | 'full' | 'refused';
  /** A predicate with its advice: `refuses this user name or password`. */
  readonly what: string;
}

/** @param label engine and place, as in `PostgreSQL at db:5432/app` */
export function troubleError(label: string, { kind, what }: Trouble, cause: unknown): BackendError {
  const message = `${label} ${what}${what.endsWith('?') ? '' : '.'}`;
  if (kind === 'full') return new StoreFullError(message, { cause });
  return kind === 'unavailable' ? new StoreUnavailableError(message, { cause }) : new BackendError(message, { cause });
}

const unavailable = (what: string): Trouble => ({ kind: 'unavailable', what });

/** Codes of Node's errors when no connection was made; nothing was sent. */
const NOT_CONNECTED: Readonly<Record<string, Trouble>> = {
  ECONNREFUSED: unavailable('refuses connections. Is it running, and is the address right?'),
  ENOTFOUND: unavailable('cannot be found: its host name is unknown. Is the address right'),
  EAI_AGAIN: unavailable('cannot be found for now: the name service does not answer'),
  EHOSTUNREACH: unavailable('cannot be reached: there is no way to its host'),
  ENETUNREACH: unavailable('cannot be reached: there is no way to its network'),
  ENOENT: unavailable('has no such socket. Is it running, and is the path right?'),
  EACCES: { kind: 'refused', what: 'lets this user not open its socket' },
};
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED']);

/** What became of the connection, if this is an error of the network: it was never made, or it was lost. */
export function networkTrouble(err: unknown): (Trouble & { readonly connected: boolean }) | null {
  const { code, syscall } = (err ?? {}) as { code?: unknown; syscall?: unknown };
  if (typeof code !== 'string') return null;
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code)) return { ...UNTRUSTED, connected: false };
  const trouble = Object.hasOwn(NOT_CONNECTED, code) ? NOT_CONNECTED[code] : undefined;
  if (trouble) return { ...trouble, connected: false };
  if (!LOST.has(code)) return null;
  return syscall === 'connect'
    ? { ...unavailable('did not answer in time. Is it running, and is the address right?'), connected: false }
    : { ...unavailable(`ended the connection (${code}). Try again`), connected: true };
}

const UNTRUSTED: Trouble = {
  kind: 'refused',
  what:
    'shows a certificate that this process does not trust. Name its authority in NODE_EXTRA_CA_CERTS, or pass a pool ' +
    'with an "ssl" of your own',
};
