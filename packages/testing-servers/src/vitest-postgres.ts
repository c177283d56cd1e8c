import { serverOfTheRun } from './server-of-the-run.js';
import { startPostgres } from './start-postgres.js';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}

const module = '@flowrra/testing-servers/vitest-postgres';
const postgres = serverOfTheRun('postgresUrl', 'POSTGRES_URL', module, startPostgres);

/** Vitest's globalSetup: one PostgreSQL per run, the one that POSTGRES_URL names or else a private one. */
export default postgres.setup;

/** The URL of the run's PostgreSQL. All test files share it: use a table prefix of your own and leave nothing. */
export const postgresForTests: () => string = postgres.url;
