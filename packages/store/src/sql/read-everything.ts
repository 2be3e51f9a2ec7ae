import { isNote, type Stored } from '../store.js';
import { readRevision } from './log-table.js';
import type { Sql, Tables } from './tables.js';

/** Rows per statement: other work gets its turn between two. */
const pageSize = 1000;

/** What a store holds at a revision, but notes. */
export interface Everything {
  readonly documents: readonly Stored[];
  readonly claims: readonly Tables['claim'][];
  readonly revision: number;
}

/** `db` is one snapshot. */
export async function readEverything(db: Sql): Promise<Everything> {
  const revision = await readRevision(db);
  return { documents: await readDocuments(db), claims: await readClaims(db), revision };
}

async function readDocuments(db: Sql): Promise<Stored[]> {
  const kinds = await db.selectFrom('document').select('kind').distinct().execute();
  const documents: Stored[] = [];
  for (const { kind } of kinds.filter((each) => !isNote(each.kind))) {
    let page: { name: string; body: Uint8Array }[];
    let after = '';
    do {
      const query = db
        .selectFrom('document')
        .select(['name', 'body'])
        .where('kind', '=', kind)
        .where('name', '>', after);
      page = await query.orderBy('name').limit(pageSize).execute();
      for (const { name, body } of page) documents.push({ kind, name, body });
      after = page.at(-1)?.name ?? '';
    } while (page.length === pageSize);
  }
  return documents;
}

async function readClaims(db: Sql): Promise<Tables['claim'][]> {
  const claims: Tables['claim'][] = [];
  let page: Tables['claim'][];
  let after = '';
  do {
    const query = db.selectFrom('claim').selectAll().where('claim', '>', after);
    page = await query.orderBy('claim').limit(pageSize).execute();
    claims.push(...page);
    after = page.at(-1)?.claim ?? '';
  } while (page.length === pageSize);
  return claims;
}
