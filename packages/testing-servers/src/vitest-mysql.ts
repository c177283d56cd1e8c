import { serverOfTheRun } from './server-of-the-run.js';
import { startMariadb } from './start-mariadb.js';

declare module 'vitest' {
  export interface ProvidedContext {
    mysqlUrl: string;
  }
}

const mysql = serverOfTheRun('mysqlUrl', 'MYSQL_URL', '@flowrra/testing-servers/vitest-mysql', startMariadb);

/** Vitest's globalSetup: one server per run, the MySQL or MariaDB that MYSQL_URL names or else a private MariaDB. */
export default mysql.setup;

/** The URL of the run's MySQL or MariaDB. All test files share it: use a table prefix of your own and leave nothing. */
export const mysqlForTests: () => string = mysql.url;
