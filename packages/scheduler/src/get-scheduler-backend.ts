import {
  asBackendError,
  BackendError,
  type BaseSchedulerBackend,
  implementsContract,
  importPackage,
  schemeOf,
  UnsupportedSchemeError,
} from '@flowrra/core';

/**
 * What a package of scheduler backends exports as `schedulerProvider`. The URL is as the user wrote it. Opens nothing;
 * throws InvalidUrlError for a malformed address, and ConfigError for an option that it does not have.
 */
export interface SchedulerProvider {
  createSchedulerBackend(url: string, options: Record<string, unknown>): BaseSchedulerBackend;
}

/** Which package serves which URL scheme; they are loaded on first use. */
const PACKAGES: ReadonlyMap<string, string> = new Map([
  ['sqlite', '@flowrra/scheduler-sqlite'],
  ['postgresql', '@flowrra/scheduler-postgres'],
  ['postgres', '@flowrra/scheduler-postgres'],
  ['mysql', '@flowrra/scheduler-mysql'],
  ['mariadb', '@flowrra/scheduler-mysql'],
]);
const DEFAULT_URL = 'sqlite://';

/**
 * The store of schedules that an address describes: `sqlite:///abs.db`, `sqlite:rel.db`, `sqlite::memory:`,
 * `postgresql://…` or `postgres://…`, `mysql://…` or `mariadb://…`; null for the SQLite file `.flowrra_schedule.db` in the
 * working folder; or an instance, which is returned as it is. Nothing is opened yet.
 *
 * @param options go to the backend's constructor, such as `{ tablePrefix: 'billing_' }`
 * @throws BackendError with the cause: unknown scheme, missing package, malformed URL, unknown option
 * @example
 * const backend = await getSchedulerBackend('postgresql://app:secret@db/flowrra');
 */
export async function getSchedulerBackend(
  backend?: BaseSchedulerBackend | string | null | undefined,
  options: Record<string, unknown> = {},
): Promise<BaseSchedulerBackend> {
  if (implementsContract(backend, 'scheduler-backend@1')) return backend as BaseSchedulerBackend;
  const address = backend ?? null;
  if (address !== null && typeof address !== 'string') {
    throw new BackendError(
      'getSchedulerBackend() takes a URL, null (a SQLite file), or an object that extends BaseSchedulerBackend ' +
        '(scheduler-backend@1).',
    );
  }
  try {
    return await createBackend(address, options);
  } catch (err) {
    throw asBackendError(err);
  }
}

async function createBackend(address: string | null, options: Record<string, unknown>): Promise<BaseSchedulerBackend> {
  const url = address ?? DEFAULT_URL;
  const scheme = schemeOf(url, 'sqlite:schedules.db');
  const packageName = PACKAGES.get(scheme);
  if (packageName === undefined)
    throw new UnsupportedSchemeError(
      scheme,
      [...PACKAGES.keys()],
      'None given means a SQLite file. For another store, pass an instance of its backend.',
    );
  const why = address === null ? 'A scheduler without a backend' : `A "${scheme}:" address of schedules`;
  const module = (await importPackage(packageName, why)) as {
    schedulerProvider?: Partial<SchedulerProvider>;
  };
  const backend = await module.schedulerProvider?.createSchedulerBackend?.(url, options);
  if (backend && implementsContract(backend, 'scheduler-backend@1')) return backend;
  throw new BackendError(
    `${packageName} has no schedulerProvider that makes a scheduler-backend@1. Install a version that matches @flowrra/scheduler.`,
  );
}
