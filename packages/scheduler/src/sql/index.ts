// The base of a backend, and what it asks of an engine

export { SchemaTooNewError } from './migrate.js';
export type {
  Cell,
  ChangeListener,
  SqlContext,
  SqlDialect,
  SqlErrorKind,
} from './sql-dialect.js';
export { SQL_OPTIONS, type SqlOptions } from './sql-options.js';
export { SqlSchedulerBackend } from './sql-scheduler-backend.js';

// What a dialect and its tests see of the tables

export type { CellTable } from './cell-table.js';
export { checkKysely } from './check-kysely.js';
export { rawTransaction } from './raw-transaction.js';
export {
  ALL_TABLES,
  type Column,
  type ColumnKind,
  type FiringRow,
  type ScheduleRow,
  type SqlInteger,
  type SqlJson,
  type SqlTables,
} from './schema.js';
export { dropTables } from './sql-scheduler-backend.js';

// What dialects of servers share

export { networkTrouble, type Trouble, troubleError } from './server-errors.js';
export { readServerUrl, type ServerAddress, type ServerUrlForm } from './server-url.js';
