import { ConfigError } from '@flowrra/core';
import { type Kysely, WithSchemaPlugin } from 'kysely';

/**
 * Refuses a Kysely instance of the user's that is a transaction; and one that would not be used as it is: its plugins are
 * left out, because they may rename columns, and a schema is one of them.
 * @returns the instance
 * @throws ConfigError
 */
export function checkKysely(db: Kysely<unknown>): Kysely<unknown> {
  if (db.isTransaction)
    throw new ConfigError(
      'target',
      'The Kysely instance is a transaction, which ends before the schedules do. Pass the instance that it came from.',
    );
  const hasSchema = db
    .getExecutor()
    // One of another copy of Kysely is one as well.
    .plugins.some((plugin) => plugin instanceof WithSchemaPlugin || plugin.constructor.name === WithSchemaPlugin.name);
  if (hasSchema)
    throw new ConfigError(
      'target',
      'The Kysely instance has a schema by withSchema(), which its tables of schedules would not be made in. Pass the ' +
        'instance without it, and let its connections name the schema, as search_path does; or choose a tablePrefix.',
    );
  return db;
}
