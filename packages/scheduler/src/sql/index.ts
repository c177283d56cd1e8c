export type {
  Column,
  ColumnKind,
  FiringRow,
  ScheduleRow,
  SqlInteger,
  SqlJson,
  SqlTables,
} from './schema.js';
export type { Cell, ChangeListener, SqlContext, SqlDialect, SqlErrorKind } from './sql-dialect.js';
export { SQL_OPTIONS, type SqlOptions } from './sql-options.js';
export { SqlSchedulerBackend } from './sql-scheduler-backend.js';
