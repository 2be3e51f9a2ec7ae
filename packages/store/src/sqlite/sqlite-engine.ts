import { Kysely } from 'kysely';
import type { Engine } from '../sql/engine.js';
import { readRevision } from '../sql/log-table.js';
import { claimStore, createTables, sqliteTypes, type Tables } from '../sql/tables.js';
import { isOutOfReach, type LibsqlConnection } from './libsql-connection.js';
import { LibsqlDialect } from './libsql-dialect.js';

/** Snapshots that are open at the same time; more wait. */
const readerCount = 4;

const busyTimeoutMs = 5000;

/** Opens a SQLite file, made when it does not exist, or a database in memory. */
export async function openSqlite(
  file: string,
  { owner, epoch }: { owner: string; epoch: string },
): Promise<{ engine: Engine; epoch: string }> {
  const writer = connect(file, { writes: true, connections: 1 });
  // A database in memory is there for one connection only.
  const reader = file === ':memory:' ? writer : connect(file, { writes: false, connections: readerCount });
  const close = async () => {
    await reader.destroy();
    await writer.destroy();
  };
  try {
    const storedEpoch = await writer.transaction().execute(async (db) => {
      await createTables(db, sqliteTypes);
      return claimStore(db, { owner, epoch });
    });
    return { engine: engineOf(writer, reader, close), epoch: storedEpoch };
  } catch (error) {
    await close();
    throw error;
  }
}

// Short statements, prepared once and run often, are what SQLite is fast with.
const putDocument =
  'insert into document (kind, name, body) values (?, ?, ?) on conflict (kind, name) do update set body = excluded.body';
const insertLink = 'insert into link (kind, link, target, name) values (?, ?, ?, ?)';
const insertClaim = 'insert into claim (claim, kind, name) values (?, ?, ?)';
const insertLog = 'insert into log (revision, position, kind, name, body) values (?, ?, ?, ?, ?)';

function engineOf(writer: Kysely<Tables>, reader: Kysely<Tables>, close: () => Promise<void>): Engine {
  return {
    write: (work) => writer.transaction().execute(work),
    snapshot: (work) => reader.transaction().execute(work),
    // `begin immediate` keeps other writers out already.
    lockRevision: readRevision,
    insert: (db, { documents, links, claims, log }) =>
      db.getExecutor().provideConnection(async (connection) => {
        const database = connection as LibsqlConnection;
        for (const { kind, name, body } of documents) await database.run(putDocument, [kind, name, body]);
        for (const { kind, link, target, name } of links) await database.run(insertLink, [kind, link, target, name]);
        for (const { claim, kind, name } of claims) await database.run(insertClaim, [claim, kind, name]);
        for (const { revision, position, kind, name, body } of log) {
          await database.run(insertLog, [revision, position, kind, name, body]);
        }
      }),
    // Nobody can tell other processes: they look.
    advance: async (db, revision) => {
      const { trimmed } = await db
        .updateTable('store')
        .set({ revision })
        .returning('trimmed')
        .executeTakeFirstOrThrow();
      return trimmed;
    },
    listen: () => async () => undefined,
    isUnavailable: isOutOfReach,
    close,
  };
}

function connect(file: string, options: { writes: boolean; connections: number }): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new LibsqlDialect({ file, busyTimeoutMs, ...options }) });
}
