import { describeContract, implementsContract } from '../contract.js';
import { BackendError } from '../errors.js';
import { asBackendError, checkMade, findProvider } from '../stores/store-providers.js';
import type { BaseResultBackend } from './base-result-backend.js';

/**
 * The backend that an address describes: a URL (`redis://…`, `rediss://…`, `unix:///…`, or a scheme added by
 * `registerBackend`), null for memory, or an instance, which is returned as it is. Nothing is connected yet.
 *
 * @param options go to the backend's constructor, such as `{ ttl: '1h' }`
 * @throws BackendError with the cause: unknown scheme, missing package, malformed URL, unknown option
 * @example
 * const backend = await getBackend('redis://localhost:6379/0', { ttl: '1h' });
 */
export async function getBackend(
  backend: BaseResultBackend | string | null | undefined,
  options: Record<string, unknown> = {},
): Promise<BaseResultBackend> {
  if (implementsContract(backend, 'result-backend@1')) return backend as BaseResultBackend;
  const url = backend ?? null;
  if (url !== null && typeof url !== 'string') {
    throw new BackendError(
      'getBackend() takes a URL, null (memory), or an object that extends BaseResultBackend (result-backend@1), ' +
        `but got ${describeContract(backend)}.`,
    );
  }
  try {
    const provider = await findProvider(url);
    return checkMade(await provider.createBackend(url, options), 'result-backend@1', url);
  } catch (err) {
    throw asBackendError(err);
  }
}
