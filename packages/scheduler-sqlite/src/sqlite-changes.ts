import { systemClock } from '@flowrra/core';
import type { ChangeListener, SqlTables } from '@flowrra/scheduler/sql';
import { type Kysely, sql } from 'kysely';

/** Milliseconds between two looks at the file's change counter, which costs no query. */
const LOOK_EVERY = 2_000;

/** Who shares a database of the user's: its counter does not tell a connection of changes that came over itself. */
const sharing = new WeakMap<object, Set<ChangeListener>>();

/**
 * Tells of changes that came over other connections within 2 s, and of those of other backends on this one at once.
 * @param shared the user's database, if it is one
 */
export function watchChanges(db: Kysely<SqlTables>, shared: object | null, listener: ChangeListener): () => void {
  const listeners = (shared && sharing.get(shared)) ?? new Set();
  if (shared) sharing.set(shared, listeners.add(listener));
  const stopLooking = lookAtCounter(db, listener);
  return () => {
    listeners.delete(listener);
    stopLooking();
  };
}

/** From inside the transaction: who is woken reads on the same connection, and so after the commit. */
export function tellSharers(shared: object, self: string): void {
  for (const listener of sharing.get(shared) ?? []) if (listener.self !== self) listener.onChange();
}

function lookAtCounter(db: Kysely<SqlTables>, { onChange }: ChangeListener): () => void {
  let ended = false;
  let before: number | null = null;
  const look = async (): Promise<void> => {
    const counter = await changeCounter(db).catch(() => null);
    if (ended) return;
    // The first look tells what the counter is, not whether it moved: something may have changed before.
    if (counter === null || counter !== before) onChange();
    before = counter;
    timer = systemClock.after(LOOK_EVERY, () => void look(), { keepAlive: false });
  };
  let timer = systemClock.after(0, () => void look(), { keepAlive: false });
  return () => {
    ended = true;
    timer.cancel();
  };
}

/** Grows when another connection has committed something; null for a driver that does not tell. */
export async function changeCounter(db: Kysely<SqlTables>): Promise<number | null> {
  const { rows } = await sql<{ data_version: number }>`pragma data_version`.execute(db);
  return rows[0]?.data_version ?? null;
}
