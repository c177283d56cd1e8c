import { InvalidUrlError } from '@flowrra/core';

const HELP =
  'Use sqlite:///absolute/path.db, sqlite:relative/path.db, sqlite:// for the default file, or sqlite::memory:.';

/**
 * The path of a `sqlite:` address; undefined for the default file. Percent-encoding is decoded.
 * @throws InvalidUrlError for a host, a query, a fragment, or a path that is none
 */
export function parseSqliteUrl(url: string): string | undefined {
  const match = /^sqlite:(\/\/)?(.*)$/is.exec(url);
  if (!match) throw new InvalidUrlError(`This is no SQLite address. ${HELP}`);
  const [, slashes, rest = ''] = match;
  if (/[?#]/.test(rest))
    throw new InvalidUrlError(
      `A SQLite address has no parameters and no fragment: remove what follows the path. ${HELP}`,
    );
  if (slashes && rest !== '' && !rest.startsWith('/'))
    throw new InvalidUrlError(`A SQLite address has no host: what follows sqlite:// must be an absolute path. ${HELP}`);
  if (rest === '' && !slashes) throw new InvalidUrlError(`This SQLite address has no path. ${HELP}`);
  const path = decode(rest);
  if (path.includes('\0')) throw new InvalidUrlError(`The path of the SQLite address contains a NUL. ${HELP}`);
  if (path.endsWith('/'))
    throw new InvalidUrlError(`The path of the SQLite address names a folder, not a file. ${HELP}`);
  return path === '' ? undefined : path;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new InvalidUrlError(`The percent-encoding of the SQLite address is malformed. ${HELP}`);
  }
}
