import { describeContract, implementsContract } from '../contract.js';
import { BackendError } from '../errors.js';
import { asBackendError, checkMade, findProvider, schemeOf } from '../stores/store-providers.js';
import type { BaseBroker } from './base-broker.js';

/**
 * The broker that an address describes: a URL, null for memory, or an instance, which is returned as it is. Nothing is
 * connected yet.
 *
 * @param options go to the broker's constructor, such as `{ maxQueueSize: 10_000 }`
 * @throws BackendError with the cause; a scheme that stores results only is an error, never memory
 */
export async function getBroker(
  broker: BaseBroker | string | null | undefined,
  options: Record<string, unknown> = {},
): Promise<BaseBroker> {
  if (implementsContract(broker, 'broker@1')) return broker as BaseBroker;
  const url = broker ?? null;
  if (url !== null && typeof url !== 'string') {
    throw new BackendError(
      'getBroker() takes a URL, null (memory), or an object that extends BaseBroker (broker@1), ' +
        `but got ${describeContract(broker)}.`,
    );
  }
  try {
    const provider = await findProvider(url);
    if (!provider.createBroker) {
      throw new BackendError(
        `The stores of "${schemeOf(url ?? '')}:" keep results but carry no messages: give a broker too.`,
      );
    }
    return checkMade(await provider.createBroker(url, options), 'broker@1', url);
  } catch (err) {
    throw asBackendError(err);
  }
}
