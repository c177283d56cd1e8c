import { BackendError } from '@flowrra/core';

const OLDEST = { MySQL: [8, 0, 17], MariaDB: [10, 6, 0] } as const;

/**
 * Which of the two servers it is, by what `version()` says: `8.4.3`, `10.11.6-MariaDB`, `5.5.5-10.6.12-MariaDB-log`.
 * @throws BackendError when it is too old to skip locked rows, to read JSON as rows and to compare bytes, or only looks like MySQL
 */
export function checkVersion(version: string, label: string): keyof typeof OLDEST {
  if (/TiDB|Vitess|OceanBase/i.test(version)) {
    throw new BackendError(`${label} is ${version}, which locks rows in another way. Use MySQL or MariaDB.`);
  }
  const engine = /MariaDB/i.test(version) ? 'MariaDB' : 'MySQL';
  // MariaDB used to call itself 5.5.5 first, for the sake of old replicas.
  const numbers = /^(?:5\.5\.5-)?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (!numbers || isOlder(numbers, OLDEST[engine])) {
    throw new BackendError(
      `${label} is ${version}: older than MariaDB ${OLDEST.MariaDB.join('.')} or MySQL ${OLDEST.MySQL.join('.')}. Upgrade it.`,
    );
  }
  return engine;
}

function isOlder(numbers: readonly number[], oldest: readonly number[]): boolean {
  const index = oldest.findIndex((number, at) => numbers[at] !== number);
  return index >= 0 && (numbers[index] ?? 0) < (oldest[index] ?? 0);
}
