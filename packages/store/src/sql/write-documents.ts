import { type InsertQueryBuilder, type InsertResult, PostgresAdapter } from 'kysely';
import { runCompiled, runCounted } from './run-compiled.js';
import { chunks } from './sql-reading.js';
import type { Sql, Tables } from './tables.js';

/** Rows of documents, at most as many as one statement takes, and of what goes with them. */
export interface Writing {
  readonly documents: readonly Tables['document'][];
  readonly links: readonly Tables['link'][];
  readonly claims: readonly Tables['claim'][];
}

/**
 * Writes documents, links and claims; returns how many of the claims nobody had. PostgreSQL takes all in one statement, which
 * is one way to the server and back instead of three; SQLite knows no such statement and is not far away.
 */
export async function writeDocuments(db: Sql, writing: Writing): Promise<number> {
  const { documents, links, claims } = writing;
  const [linkChunks, claimChunks] = [chunks(links), chunks(claims)];
  if (db.getExecutor().adapter instanceof PostgresAdapter && claimChunks.length === 1 && linkChunks.length <= 1) {
    return writeAtOnce(db, writing);
  }
  await runCompiled(db, `put ${documents.length}`, valuesOfDocuments(documents), () => insertDocuments(db, documents));
  for (const chunk of linkChunks) {
    await runCompiled(db, `link ${chunk.length}`, valuesOfLinks(chunk), () => db.insertInto('link').values(chunk));
  }
  let made = 0;
  for (const chunk of claimChunks) {
    made += await runCounted(db, `claim ${chunk.length}`, valuesOfClaims(chunk), () => insertClaims(db, chunk));
  }
  return made;
}

function writeAtOnce(db: Sql, { documents, links, claims }: Writing): Promise<number> {
  const shape = `put ${documents.length} link ${links.length} claim ${claims.length}`;
  const values = [...valuesOfDocuments(documents), ...valuesOfLinks(links), ...valuesOfClaims(claims)];
  return runCounted(db, shape, values, () => {
    const withDocuments = db.with('put', (each) => insertDocuments(each, documents));
    if (links.length === 0) return insertClaims(withDocuments, claims);
    const withLinks = withDocuments.with('linked', (each) => each.insertInto('link').values([...links]));
    return insertClaims(withLinks, claims);
  });
}

type Inserting = { insertInto: Sql['insertInto'] };

function insertDocuments(
  db: Inserting,
  rows: readonly Tables['document'][],
): InsertQueryBuilder<Tables, 'document', InsertResult> {
  return db
    .insertInto('document')
    .values([...rows])
    .onConflict((conflict) =>
      conflict.columns(['kind', 'name']).doUpdateSet({ body: (row) => row.ref('excluded.body') }),
    );
}

function insertClaims(
  db: Inserting,
  rows: readonly Tables['claim'][],
): InsertQueryBuilder<Tables, 'claim', InsertResult> {
  return db
    .insertInto('claim')
    .values([...rows])
    .onConflict((conflict) => conflict.column('claim').doNothing());
}

function valuesOfDocuments(rows: readonly Tables['document'][]): unknown[] {
  return rows.flatMap(({ kind, name, body }) => [kind, name, body]);
}

function valuesOfLinks(rows: readonly Tables['link'][]): unknown[] {
  return rows.flatMap(({ kind, link, target, name }) => [kind, link, target, name]);
}

function valuesOfClaims(rows: readonly Tables['claim'][]): unknown[] {
  return rows.flatMap(({ claim, kind, name }) => [claim, kind, name]);
}
