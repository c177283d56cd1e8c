import { BackendError, type FlowrraError, StoreUnavailableError } from '@flowrra/core';
import { sampleDecision, sampleSchedule } from '@flowrra/scheduler/conformance';
import { type SqlContext, type SqlErrorKind, SqlSchedulerBackend, type SqlTables } from '@flowrra/scheduler/sql';
import { type Kysely, sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { SqliteDialect } from '../src/sqlite-dialect.js';
import { kindOfError } from '../src/sqlite-errors.js';

/** An error of the driver that means what a test wants. */
class Trouble extends Error {
  constructor(readonly kind: SqlErrorKind) {
    super(`${kind}, made by the test`);
  }
}

/** SQLite with troubles that only servers have. */
class TroubledDialect extends SqliteDialect {
  /** What the next transactions meet, one each: before their first statement, or in place of the answer to the commit. */
  readonly troubles: { readonly kind: SqlErrorKind; readonly when: 'begun' | 'commit' }[] = [];
  begun = 0;
  /** How many statements to come lose their answer. */
  lost = 0;

  override async connect(context: SqlContext): Promise<Kysely<SqlTables>> {
    const db = await super.connect(context);
    return db.withPlugin({
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => {
        if (this.lost === 0) return result;
        this.lost--;
        throw new Trouble('connection-lost');
      },
    });
  }

  override readonly kindOfError = (err: unknown): SqlErrorKind =>
    err instanceof Trouble ? err.kind : kindOfError(err);

  override async transaction<T>(db: Kysely<SqlTables>, work: (trx: Kysely<SqlTables>) => Promise<T>): Promise<T> {
    this.begun++;
    const trouble = this.troubles.shift();
    const result = await super.transaction(db, (trx) => {
      if (trouble?.when === 'begun') throw new Trouble(trouble.kind);
      return work(trx);
    });
    if (trouble?.when === 'commit') throw new Trouble(trouble.kind);
    return result;
  }

  override translateError(err: unknown): FlowrraError {
    return err instanceof Trouble ? new StoreUnavailableError(err.message, { cause: err }) : super.translateError(err);
  }
}

/** A newer node makes the tables while this one waits for its turn. */
class OvertakenDialect extends SqliteDialect {
  override withMigrationLock(
    db: Kysely<SqlTables>,
    prefix: string,
    work: (connection: Kysely<SqlTables>) => Promise<void>,
  ): Promise<void> {
    return super.withMigrationLock(db, prefix, async (connection) => {
      await sql`create table flowrra_migrations (name text primary key, timestamp text)`.execute(connection);
      await sql`insert into flowrra_migrations values ('0099-future', '2099-01-01T00:00:00.000Z')`.execute(connection);
      await sql`commit`.execute(connection);
      await sql`begin immediate`.execute(connection);
      await work(connection);
    });
  }
}

class TroubledBackend extends SqlSchedulerBackend {}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function setup() {
  const dialect = new TroubledDialect(':memory:');
  const backend = new TroubledBackend(dialect);
  undo.push(() => backend.close());
  await backend.create(sampleSchedule('due'));
  dialect.begun = 0;
  const meet = (count: number, kind: SqlErrorKind, when: 'begun' | 'commit' = 'begun') =>
    dialect.troubles.push(...Array.from({ length: count }, () => ({ kind, when })));
  return { backend, dialect, meet };
}

describe('what is tried again', () => {
  it('is a transaction that lost against another one, five times (SQ-03)', async () => {
    const { backend, dialect, meet } = await setup();
    meet(5, 'conflict');
    const [firing] = await backend.claimDue([sampleDecision(sampleSchedule('due'))], { node: 'node-1' });
    expect(firing?.scheduleId).toBe('due');
    expect(dialect.begun).toBe(6);
    expect((await backend.get('due'))?.runCount).toBe(1);
  });

  it('is not tried a seventh time: then the error is typed, and nothing is written (SQ-03)', async () => {
    const { backend, dialect, meet } = await setup();
    meet(6, 'conflict');
    await expect(backend.create(sampleSchedule('new'))).rejects.toBeInstanceOf(BackendError);
    expect(dialect.begun).toBe(6);
    expect(await backend.get('new')).toBeNull();
  });

  it('is a read whose connection was lost, once (SQ-02)', async () => {
    const { backend, dialect } = await setup();
    dialect.lost = 1;
    expect((await backend.get('due'))?.id).toBe('due');
    dialect.lost = 2;
    await expect(backend.get('due')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(dialect.lost).toBe(0);
  });

  it('is a write whose connection was lost before its commit, once (SQ-02)', async () => {
    const { backend, dialect, meet } = await setup();
    meet(1, 'connection-lost');
    await backend.create(sampleSchedule('new'));
    expect(dialect.begun).toBe(2);
    meet(2, 'connection-lost');
    await expect(backend.create(sampleSchedule('newer'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(dialect.begun).toBe(4);
  });

  it('is no write whose commit was not answered: it may be done (SQ-02)', async () => {
    const { backend, dialect, meet } = await setup();
    meet(1, 'connection-lost', 'commit');
    await expect(backend.create(sampleSchedule('new'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(dialect.begun).toBe(1);
    expect(await backend.get('new')).not.toBeNull();
  });

  it('is what was locked, as often as it takes (SQ-05)', async () => {
    const { backend, dialect, meet } = await setup();
    meet(30, 'busy');
    await backend.create(sampleSchedule('new'));
    expect(dialect.begun).toBe(31);
  });

  it('is nothing else', async () => {
    const { backend, dialect, meet } = await setup();
    meet(1, 'other');
    await expect(backend.delete('due')).rejects.toThrow('other, made by the test');
    expect(dialect.begun).toBe(1);
  });
});

describe('making the tables', () => {
  it('ends when a newer node was faster, and says so (SQ-01)', async () => {
    const backend = new TroubledBackend(new OvertakenDialect(':memory:'));
    undo.push(() => backend.close());
    await expect(backend.listAll()).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW', migration: '0099-future' });
  });
});
