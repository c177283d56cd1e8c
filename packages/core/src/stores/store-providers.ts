import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BaseResultBackend } from '../backends/base-result-backend.js';
import type { BaseBroker } from '../brokers/base-broker.js';
import { BackendError, ConfigError, InvalidUrlError, MissingPackageError, UnsupportedSchemeError } from '../errors.js';

/** What a package of stores exports as `storeProvider`, or passes to `registerBackend`. The URL is null for memory. */
export interface StoreProvider {
  createBackend(url: string | null, options: Record<string, unknown>): BaseResultBackend;
  /** Left out by packages that store results only. */
  createBroker?(url: string | null, options: Record<string, unknown>): BaseBroker;
}

/** Which package serves which URL scheme. Core depends on none of them; they are loaded on first use. */
const PACKAGES: Readonly<Record<string, string>> = {
  redis: '@flowrra/backend-redis',
  rediss: '@flowrra/backend-redis',
  unix: '@flowrra/backend-redis',
};
const MEMORY_PACKAGE = '@flowrra/backend-memory';

const registered = new Map<string, StoreProvider>();

/**
 * Adds a URL scheme, so that `getBackend('scheme://…')` and `Config.url` understand it.
 * @throws ConfigError when the scheme is no scheme, or is taken
 */
export function registerBackend(scheme: string, provider: StoreProvider): void {
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme))
    throw new ConfigError('scheme', 'A scheme is lower-case letters, digits, "+", "." or "-", such as "dynamodb".');
  if (scheme in PACKAGES || registered.has(scheme))
    throw new ConfigError('scheme', `The scheme "${scheme}:" is taken.`);
  registered.set(scheme, provider);
}

/**
 * The provider for a URL; null means memory.
 * @throws InvalidUrlError, UnsupportedSchemeError, MissingPackageError
 */
export async function findProvider(url: string | null): Promise<StoreProvider> {
  if (url === null) return loadProvider(MEMORY_PACKAGE, 'A Flowrra app without a url');
  const scheme = schemeOf(url);
  const provider = registered.get(scheme);
  if (provider) return provider;
  const packageName = Object.hasOwn(PACKAGES, scheme) ? PACKAGES[scheme] : undefined;
  if (packageName === undefined)
    throw new UnsupportedSchemeError(scheme, [...Object.keys(PACKAGES), ...registered.keys()]);
  return loadProvider(packageName, `A "${scheme}:" address`);
}

/** @throws InvalidUrlError when the text has no scheme */
export function schemeOf(url: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1];
  if (scheme === undefined)
    throw new InvalidUrlError('A store address needs a scheme, as in "redis://localhost:6379/0".');
  return scheme.toLowerCase();
}

/** Everything that goes wrong while a store is made is a BackendError, with its cause. */
export function asBackendError(err: unknown): BackendError {
  if (err instanceof BackendError) return err;
  return new BackendError(`The store cannot be created: ${err instanceof Error ? err.message : String(err)}`, {
    cause: err,
  });
}

async function loadProvider(packageName: string, why: string): Promise<StoreProvider> {
  const module: unknown = await importFromAnywhere(packageName, why);
  const provider = (module as { storeProvider?: StoreProvider }).storeProvider;
  if (!provider)
    throw new BackendError(`${packageName} exports no storeProvider. Install a version that matches @flowrra/core.`);
  return provider;
}

/** With strict package managers core cannot see the user's packages: the entry script and the working folder can. */
async function importFromAnywhere(packageName: string, why: string): Promise<unknown> {
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
