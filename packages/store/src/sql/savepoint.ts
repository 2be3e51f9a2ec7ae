import { sql } from 'kysely';
import type { Sql } from './tables.js';

/**
 * The savepoint of a transaction of the group. The next one of the same name hides it; the commit of the group releases
 * them all.
 */
export async function setSavepoint(db: Sql): Promise<void> {
  await sql`savepoint work`.execute(db);
}

/** Takes back everything since the savepoint, and the savepoint with it. */
export async function rollBackTo(db: Sql): Promise<void> {
  await sql`rollback to savepoint work`.execute(db);
  await sql`release savepoint work`.execute(db);
}
