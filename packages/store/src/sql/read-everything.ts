import { isNote, type Stored } from '../store.js';
import { readRevision } from './log-table.js';
import type { Sql } from './tables.js';

/** Rows per statement: other work gets its turn between two. */
const pageSize = 1000;

/** Every document but notes, and the revision they are of. `db` is one snapshot. */
export async function readEverything(db: Sql): Promise<{ documents: Stored[]; revision: number }> {
  const revision = await readRevision(db);
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
  return { documents, revision };
}
