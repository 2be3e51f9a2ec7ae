import { CompiledQuery } from 'kysely';
import type { Sql } from './tables.js';

/**
 * The savepoint of a transaction of the group. The next one of the same name hides it; the commit of the group releases
 * them all.
 */
export async function setSavepoint(db: Sql): Promise<void> {
  await db.executeQuery(CompiledQuery.raw('savepoint work'));
}

/** Takes back everything since the savepoint, and the savepoint with it. */
export async function rollBackTo(db: Sql): Promise<void> {
  await db.executeQuery(CompiledQuery.raw('rollback to savepoint work'));
  await db.executeQuery(CompiledQuery.raw('release savepoint work'));
}
