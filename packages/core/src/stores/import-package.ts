import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MissingPackageError } from '../errors.js';

/** How Node says it; the name may be followed by a path inside of the package. */
const NO_PACKAGE = /^Cannot find package '((?:@[^'/]+\/)?[^'/]+)/;

/**
 * Loads a package that the user has installed and core does not depend on. With strict package managers core cannot see
 * it: the entry script and the working folder can.
 * @param why what needs it, as the beginning of a sentence
 * @throws MissingPackageError when it is not installed, or one that it needs beside it
 */
export async function importPackage(packageName: string, why: string): Promise<unknown> {
  const places = [
    import.meta.url,
    process.argv[1] && pathToFileURL(process.argv[1]),
    pathToFileURL(join(process.cwd(), 'package.json')),
  ];
  for (const place of places) {
    const path = place && resolveFrom(place, packageName);
    if (path) return importFile(path, packageName);
  }
  throw new MissingPackageError(packageName, why);
}

async function importFile(path: string, packageName: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const missing = cause instanceof Error && NO_PACKAGE.exec(cause.message)?.[1];
    if (missing) throw new MissingPackageError(missing, packageName, { cause });
    throw cause;
  }
}

function resolveFrom(place: string | URL, packageName: string): string | undefined {
  try {
    return createRequire(place).resolve(packageName);
  } catch {
    return undefined;
  }
}
