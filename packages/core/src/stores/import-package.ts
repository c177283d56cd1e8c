import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MissingPackageError } from '../errors.js';

/**
 * Loads a package that the user has installed and core does not depend on. With strict package managers core cannot see
 * it: the entry script and the working folder can.
 * @param why what needs it, as the beginning of a sentence
 * @throws MissingPackageError
 */
export async function importPackage(packageName: string, why: string): Promise<unknown> {
  const places = [
    import.meta.url,
    process.argv[1] && pathToFileURL(process.argv[1]),
    pathToFileURL(join(process.cwd(), 'package.json')),
  ];
  for (const place of places) {
    const path = place && resolveFrom(place, packageName);
    if (path) return import(pathToFileURL(path).href);
  }
  throw new MissingPackageError(packageName, why);
}

function resolveFrom(place: string | URL, packageName: string): string | undefined {
  try {
    return createRequire(place).resolve(packageName);
  } catch {
    return undefined;
  }
}
