import { BackendError, FlowrraError, StoreFullError, StoreUnavailableError } from '@flowrra/core';
import type { SqlErrorKind } from '@flowrra/scheduler/sql';

/** Of another process, or of another connection of this one. */
const BUSY = /^SQLITE_(BUSY|LOCKED|PROTOCOL)/;
const DUPLICATE = /^SQLITE_CONSTRAINT_(PRIMARYKEY|UNIQUE|ROWID)$/;

/** How the driver says that its install script did not run. */
const NO_BINARY = /^Could not locate the bindings file/;

export function kindOfError(err: unknown): SqlErrorKind {
  const code = codeOf(err);
  if (BUSY.test(code) || isOtherTransaction(err)) return 'busy';
  return DUPLICATE.test(code) ? 'duplicate-key' : 'other';
}

/** The one place that turns what SQLite throws into Flowrra's errors. */
export function translateError(err: unknown, label: string): FlowrraError {
  if (err instanceof FlowrraError) return err;
  const code = codeOf(err);
  const text = err instanceof Error ? err.message : String(err);
  for (const [pattern, describe] of ADVICE) if (pattern.test(code)) return describe(label, { cause: err });
  if (code === 'ERR_DLOPEN_FAILED' || NO_BINARY.test(text))
    return new BackendError(
      `${label} cannot be opened: better-sqlite3 was not built for this Node. Package managers may leave that out; let it ` +
        'run: pnpm approve-builds, then pnpm rebuild better-sqlite3 (or npm rebuild better-sqlite3).',
      { cause: err },
    );
  if (/directory does not exist/.test(text))
    return new BackendError(`${label} cannot be opened: its folder does not exist. Create the folder first.`, {
      cause: err,
    });
  if (/^no such table/.test(text))
    return new BackendError(
      `${label} lacks a table of Flowrra: it was dropped. Restore it from a backup; or drop the other tables with its ` +
        'prefix too, and restart the process: it makes all of them again, empty.',
      { cause: err },
    );
  return new BackendError(`${label} refuses a command: ${text}.`, { cause: err });
}

type Describe = (label: string, options: { cause: unknown }) => BackendError;

const ADVICE: readonly [code: RegExp, describe: Describe][] = [
  [
    BUSY,
    (label, options) =>
      new StoreUnavailableError(
        `${label} is locked by another process. Try again later, or end what holds it.`,
        options,
      ),
  ],
  [
    /^SQLITE_(READONLY|PERM|AUTH)/,
    (label, options) =>
      new BackendError(
        `${label} is read-only for this process. Schedules are written: make the file and its folder writable, or ` +
          'choose another path.',
        options,
      ),
  ],
  [
    /^SQLITE_CANTOPEN/,
    (label, options) =>
      new BackendError(
        `${label} cannot be opened. Is the path a file, not a folder, and may this process create and write it?`,
        options,
      ),
  ],
  [
    /^SQLITE_NOTADB/,
    (label, options) =>
      new BackendError(`${label} is no SQLite database; it was left as it is. Choose another path.`, options),
  ],
  [
    /^SQLITE_CORRUPT/,
    (label, options) =>
      new BackendError(
        `${label} is damaged. Restore a backup, or recover what can be read with: sqlite3 <file> .recover`,
        options,
      ),
  ],
  [
    /^SQLITE_FULL/,
    (label, options) => new StoreFullError(`${label} cannot grow: the disk is full. Make room on it.`, options),
  ],
  [
    /^SQLITE_IOERR/,
    (label, options) =>
      new StoreUnavailableError(`${label} cannot be read or written just now: the disk reports an error.`, options),
  ],
];

/** SQLite's own code; Kysely passes errors of the driver on as they are. */
function codeOf(err: unknown): string {
  const code = err instanceof Error ? (err as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : '';
}

/** The user's own code has a transaction open on the connection that it shares with us. */
function isOtherTransaction(err: unknown): boolean {
  return err instanceof Error && err.message === 'cannot start a transaction within a transaction';
}
