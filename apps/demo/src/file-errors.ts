import { PermanentError } from '@flowrra/core';

/** What a file system says when another attempt would meet the same. */
const PERMANENT = new Set(['EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENOENT']);

/** Whether there is no such file any more: files come and go while the demo runs, and that is no failure. */
export function isVanished(err: unknown, path: string): boolean {
  // A name that is no UTF-8 was read with replacement characters in it, and nothing answers to such a name.
  return codeOf(err) === 'ENOENT' && !path.includes('\uFFFD');
}

/** The error to throw: a permanent one is not tried again. */
export function permanentIfUnreadable(err: unknown, path: string): unknown {
  const code = codeOf(err);
  if (!PERMANENT.has(code)) return err;
  const reason = code === 'ENOENT' && path.includes('\uFFFD') ? 'its name is not valid UTF-8' : code;
  return new PermanentError(`cannot be read: ${reason}`, { cause: err });
}

function codeOf(err: unknown): string {
  return String((err as { code?: unknown } | null)?.code ?? '');
}
