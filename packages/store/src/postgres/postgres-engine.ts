import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import type { Engine } from '../sql/engine.js';
import { claimStore, createTables, postgresTypes, type Sql, type Tables } from '../sql/tables.js';
import { isConnectionLoss } from './connection-loss.js';
import { insertInto } from './insert.js';
import { listenForRevisions } from './notifications.js';
import { openPool } from './pool.js';

/** Connections of one store: one commits, the others read. */
const maxConnections = 10;

/** Opens the tables of a store in a schema of a PostgreSQL database, made when they do not exist. */
export async function openPostgres(
  url: string,
  { owner, epoch }: { owner: string; epoch: string },
): Promise<{ engine: Engine; epoch: string }> {
  const schema = `portcullis_${owner}`;
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: openPool(url, maxConnections) }) });
  const scoped = db.withSchema(schema);
  try {
    const storedEpoch = await scoped.transaction().execute(async (trx) => {
      // `create … if not exists` of two processes at the same time can fail in one of them.
      await sql`select pg_advisory_xact_lock(hashtext(${schema}))`.execute(trx);
      await createSchema(trx, schema);
      await createTables(trx, postgresTypes);
      return claimStore(trx, { owner, epoch });
    });
    return { engine: engineOf({ url, schema, db: scoped }), epoch: storedEpoch };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Looks first: without the right to create schemas even `if not exists` fails, and somebody else may have made it. */
async function createSchema(db: Sql, schema: string): Promise<void> {
  const { rows } = await sql`select 1 from pg_namespace where nspname = ${schema}`.execute(db);
  if (rows.length === 0) await db.schema.createSchema(schema).execute();
}

function engineOf({ url, schema, db }: { url: string; schema: string; db: Kysely<Tables> }): Engine {
  return {
    write: (work) => db.transaction().execute(work),
    snapshot: (work) => db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work),
    lockRevision,
    insert: insertInto(schema),
    advance: async (trx, revision) => {
      const text = `update "${schema}".store set revision = $1 returning trimmed, pg_notify($2, revision::text)`;
      const { rows } = await trx.executeQuery<{ trimmed: number }>(CompiledQuery.raw(text, [revision, schema]));
      return rows[0]?.trimmed ?? 0;
    },
    listen: (onRevision) => listenForRevisions({ url, channel: schema, onRevision }),
    isUnavailable: isConnectionLoss,
    close: () => db.destroy(),
  };
}

/** The lock that makes commits of several processes serial; statements after it see what the last one committed. */
async function lockRevision(db: Sql): Promise<number> {
  const row = await db.selectFrom('store').select('revision').forUpdate().executeTakeFirstOrThrow();
  return row.revision;
}
