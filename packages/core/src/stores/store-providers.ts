import type { BaseResultBackend } from '../backends/base-result-backend.js';
import type { BaseBroker } from '../brokers/base-broker.js';
import { type ContractName, describeContract, implementsContract } from '../contract.js';
import { BackendError, ConfigError, InvalidUrlError, UnsupportedSchemeError } from '../errors.js';
import { sharedByCopies } from '../shared-by-copies.js';
import { importPackage } from './import-package.js';

/**
 * What a package of stores passes to `registerBackend` (those of Flowrra itself export it as `storeProvider`). The URL
 * is as the user wrote it, never null for a scheme. Opens nothing; throws InvalidUrlError for a malformed address and,
 * by `checkOptions`, ConfigError for an option that it does not have.
 */
export interface StoreProvider {
  /** @param options from an app: `keyPrefix` and `ttl` if they were set, and `backend.options`; else those of `getBackend` */
  createBackend(url: string | null, options: Record<string, unknown>): BaseResultBackend;
  /**
   * Left out by packages that store results only.
   * @param options from an app: `keyPrefix`, `maxQueueSize`, `dedupeWindow` and `maxCrashes` if they were set (see
   * `checkBrokerPolicy`), and `broker.options`; else those of `getBroker`
   */
  createBroker?(url: string | null, options: Record<string, unknown>): BaseBroker;
}

/** Which package serves which URL scheme. Core depends on none of them; they are loaded on first use. */
const PACKAGES: Readonly<Record<string, string>> = {
  redis: '@flowrra/backend-redis',
  rediss: '@flowrra/backend-redis',
  unix: '@flowrra/backend-redis',
};
const MEMORY_PACKAGE = '@flowrra/backend-memory';

const registered = sharedByCopies('schemes', () => new Map<string, StoreProvider>());

/**
 * Adds a URL scheme, so that `getBackend('scheme://…')` and `Config.url` understand it.
 * @throws ConfigError when the scheme is no scheme, or is taken; when the provider makes no backends
 * @example
 * registerBackend('folder', { createBackend: (url, options) => new FolderBackend(fileURLToPath(…url…), options) });
 */
export function registerBackend(scheme: string, provider: StoreProvider): void {
  if (!/^[a-z][a-z0-9+.-]*$/.test(scheme))
    throw new ConfigError('scheme', 'A scheme is lower-case letters, digits, "+", "." or "-", such as "dynamodb".');
  if (scheme in PACKAGES || registered.has(scheme))
    throw new ConfigError('scheme', `The scheme "${scheme}:" is taken.`);
  if (typeof provider?.createBackend !== 'function')
    throw new ConfigError('provider', `The provider of "${scheme}:" needs a function createBackend(url, options).`);
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

/**
 * The scheme of a store's address, in small letters.
 * @param example an address for the error message
 * @throws InvalidUrlError when the text has no scheme
 */
export function schemeOf(url: string, example = 'redis://localhost:6379/0'): string {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1];
  if (scheme === undefined) throw new InvalidUrlError(`A store address needs a scheme, as in "${example}".`);
  return scheme.toLowerCase();
}

/** What a provider made, once it is sure that it is a store. @throws BackendError when it is something else */
export function checkMade<Store>(made: Store, contract: ContractName, url: string | null): Store {
  if (implementsContract(made, contract)) return made;
  const whose = url === null ? 'of memory' : `of "${schemeOf(url)}:"`;
  throw new BackendError(`The provider ${whose} must make a ${contract}, but made ${describeContract(made)}.`);
}

/** Of BackendError and its children, which an adapter may throw from another copy of core. */
const BACKEND_ERROR_CODES: ReadonlySet<unknown> = new Set([
  'BACKEND_ERROR',
  'INVALID_URL',
  'UNSUPPORTED_SCHEME',
  'MISSING_PACKAGE',
  'STORE_UNAVAILABLE',
  'STORE_FULL',
  'RESULT_UNREADABLE',
]);

/** Everything that goes wrong while a store is made is a BackendError, with its cause. */
export function asBackendError(err: unknown): BackendError {
  if (err instanceof Error && BACKEND_ERROR_CODES.has((err as { code?: unknown }).code)) return err as BackendError;
  return new BackendError(`The store cannot be created: ${err instanceof Error ? err.message : String(err)}`, {
    cause: err,
  });
}

async function loadProvider(packageName: string, why: string): Promise<StoreProvider> {
  const module: unknown = await importPackage(packageName, why);
  const provider = (module as { storeProvider?: StoreProvider }).storeProvider;
  if (!provider)
    throw new BackendError(`${packageName} exports no storeProvider. Install a version that matches @flowrra/core.`);
  return provider;
}
