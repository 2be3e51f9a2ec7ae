import { type Kysely, type Transaction as KyselyTransaction, type RawBuilder, sql } from 'kysely';

/** The tables of a store, the same in every database. */
export interface Tables {
  store: StoreTable;
  document: { kind: string; name: string; body: Uint8Array };
  /** One row per target of a link. */
  link: { kind: string; link: string; target: string; name: string };
  claim: { claim: string; kind: string; name: string };
  /** One row per changed document of a revision. */
  log: { revision: number; position: number; kind: string; name: string; body: Uint8Array | null };
}

/** One row. Whoever commits takes it first, so commits are numbered without gaps across processes. */
interface StoreTable {
  id: number;
  format: number;
  /** Which service the store belongs to. */
  owner: string;
  epoch: string;
  /** The newest revision. */
  revision: number;
  /** The log holds every revision after this one. */
  trimmed: number;
}

export type Sql = Kysely<Tables> | KyselyTransaction<Tables>;

/** Column types that differ: names are compared byte by byte everywhere. */
export interface ColumnTypes {
  readonly text: RawBuilder<unknown>;
  readonly bytes: RawBuilder<unknown>;
}

/** Layout of the tables; counts up with every change of them. */
const storeFormat = 1;

export async function createTables(db: Sql, { text, bytes }: ColumnTypes): Promise<void> {
  const { schema } = db;
  const named = ['kind', 'name'] as const;
  await schema
    .createTable('store')
    .ifNotExists()
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('format', 'integer', (column) => column.notNull())
    .addColumn('owner', text, (column) => column.notNull())
    .addColumn('epoch', text, (column) => column.notNull())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('trimmed', 'bigint', (column) => column.notNull())
    .execute();
  await schema
    .createTable('document')
    .ifNotExists()
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('body', bytes, (column) => column.notNull())
    .addPrimaryKeyConstraint('document_key', [...named])
    .execute();
  await schema
    .createTable('link')
    .ifNotExists()
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('link', text, (column) => column.notNull())
    .addColumn('target', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('link_key', ['kind', 'link', 'target', 'name'])
    .execute();
  await schema
    .createIndex('link_of')
    .ifNotExists()
    .on('link')
    .columns([...named])
    .execute();
  await schema
    .createTable('claim')
    .ifNotExists()
    .addColumn('claim', text, (column) => column.primaryKey())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .execute();
  await schema
    .createIndex('claim_of')
    .ifNotExists()
    .on('claim')
    .columns([...named])
    .execute();
  await schema
    .createTable('log')
    .ifNotExists()
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('name', text, (column) => column.notNull())
    .addColumn('body', bytes)
    .addPrimaryKeyConstraint('log_key', ['revision', 'position'])
    .execute();
}

/** Writes the one row of a new store; throws when it belongs to another service or another version of Portcullis. */
export async function claimStore(db: Sql, { owner, epoch }: { owner: string; epoch: string }): Promise<string> {
  await db
    .insertInto('store')
    .values({ id: 1, format: storeFormat, owner, epoch, revision: 0, trimmed: 0 })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  const row = await db.selectFrom('store').select(['format', 'owner', 'epoch']).executeTakeFirstOrThrow();
  if (row.owner !== owner) throw new Error(`the database is the store of ${row.owner}, not of ${owner}`);
  if (row.format !== storeFormat) {
    throw new Error(`the store has format ${row.format}; this version of Portcullis reads format ${storeFormat}`);
  }
  return row.epoch;
}

export const sqliteTypes: ColumnTypes = { text: sql`text`, bytes: sql`blob` };
export const postgresTypes: ColumnTypes = { text: sql`text collate "C"`, bytes: sql`bytea` };
