import { InvalidUrlError } from '@flowrra/core';

/** Which addresses a dialect of a server takes. */
export interface ServerUrlForm {
  /** As in `PostgreSQL`. */
  readonly engine: string;
  readonly schemes: readonly string[];
  readonly defaultPort: number;
  /** For error messages: `postgresql://user:password@localhost:5432/app`. */
  readonly example: string;
  /** The query parameters that there are, each with what its value must look like. */
  readonly parameters: Readonly<Record<string, RegExp>>;
}

/** What an address says; login and database are decoded. */
export interface ServerAddress {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const FORM = /^([a-z][a-z0-9+.-]*):\/\/(?:([^/?#]*)@)?([^/?#]*)(?:\/([^?#/]*))?(?:\?([^#]*))?$/i;
const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/i;

/**
 * Reads `scheme://[user[:password]@]host[:port]/database[?parameter=value]`.
 * @throws InvalidUrlError naming what is wrong, never the password
 */
export function readServerUrl(url: string, form: ServerUrlForm): ServerAddress {
  const match = FORM.exec(url);
  const [, scheme = '', login, host = '', database = '', query = ''] = match ?? [];
  // Where there is an @ after the slash or the question mark, that was part of the password.
  if (!form.schemes.includes(scheme.toLowerCase()) || `${database}${query}`.includes('@')) {
    throw malformed(form, 'is malformed: percent-encode / ? # and @ in user name, password and database');
  }
  const name = decode(form, database, 'database');
  if (name === '') throw malformed(form, 'names no database');
  return { ...readHost(form, host), database: name, ...readLogin(form, login), parameters: readQuery(form, query) };
}

function readHost(form: ServerUrlForm, text: string): { host: string; port: number } {
  if (text === '') return { host: 'localhost', port: form.defaultPort };
  const match = HOST.exec(text);
  const port = match?.[2] === undefined ? form.defaultPort : Number(match[2]);
  if (!match?.[1] || port < 1 || port > 65_535) throw malformed(form, 'has a malformed host or port');
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}

function readLogin(form: ServerUrlForm, login = ''): Pick<ServerAddress, 'user' | 'password'> {
  const colon = login.indexOf(':');
  const user = decode(form, colon < 0 ? login : login.slice(0, colon), 'user name');
  const password = colon < 0 ? undefined : decode(form, login.slice(colon + 1), 'password');
  return { user: user || undefined, password };
}

function readQuery(form: ServerUrlForm, query: string): Record<string, string> {
  const known = Object.keys(form.parameters);
  const parameters = new URLSearchParams(query);
  for (const [name, value] of parameters) {
    const pattern = Object.hasOwn(form.parameters, name) ? form.parameters[name] : undefined;
    const list = known.length > 0 ? `Known: ${known.join(', ')}.` : 'It takes none.';
    // It may be the rest of a password.
    if (!pattern && query.includes('@')) throw malformed(form, 'has a "?" in its login, which must be written as %3F');
    if (!pattern) throw malformed(form, `has an unknown parameter "${name}". ${list}`);
    if (parameters.getAll(name).length > 1) throw malformed(form, `has "${name}" twice`);
    if (!pattern.test(value)) throw malformed(form, `has a value of "${name}" that does not fit ${pattern.source}`);
  }
  return Object.fromEntries(parameters);
}

function decode(form: ServerUrlForm, text: string, part: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // Falls through to the error, which must not quote the text: it may be the password.
  }
  throw malformed(form, `has a ${part} that is not properly percent-encoded`);
}

function malformed(form: ServerUrlForm, what: string): InvalidUrlError {
  return new InvalidUrlError(`The ${form.engine} address ${what.replace(/\.$/, '')}. Write it as in ${form.example}.`);
}
