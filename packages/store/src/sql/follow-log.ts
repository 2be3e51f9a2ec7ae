import type { LoggedCommit } from '../store.js';
import type { ClaimsOfDocument } from './claims.js';
import { readLog } from './log-table.js';
import { readEverything } from './read-everything.js';
import type { Replica } from './replica.js';
import { chunks } from './sql-reading.js';
import type { Sql } from './tables.js';

/** Commits taken in at a time. */
const commitsPerReading = 500;

/** Brings memory nearer to what `db` shows, which is one snapshot, or seen under the lock of the store. */
export async function followLog(db: Sql, replica: Replica): Promise<void> {
  const after = replica.revision;
  const commits = after === undefined ? undefined : await readLog(db, after, commitsPerReading);
  if (commits === undefined) {
    const everything = await readEverything(db);
    // Somebody else may have brought memory further meanwhile.
    if (replica.revision === after) replica.load(everything);
    return;
  }
  const claims = await readClaims(db, commits);
  for (const commit of commits) replica.apply(commit, claims);
}

/**
 * The claims of all that some commits have changed: as the database has them now. Of what has changed again since, they are read
 * again with the commit that changed it.
 */
async function readClaims(db: Sql, commits: readonly LoggedCommit[]): Promise<ClaimsOfDocument> {
  const names = new Map<string, Set<string>>();
  for (const { kind, name } of commits.flatMap(({ changes }) => changes)) {
    names.set(kind, (names.get(kind) ?? new Set()).add(name));
  }
  const found = new Map<string, string[]>();
  for (const [kind, ofKind] of names) {
    for (const chunk of chunks([...ofKind])) {
      const query = db.selectFrom('claim').selectAll().where('kind', '=', kind).where('name', 'in', chunk);
      for (const { claim, name } of await query.execute()) {
        const key = `${kind} ${name}`;
        found.set(key, [...(found.get(key) ?? []), claim]);
      }
    }
  }
  return ({ kind, name }) => found.get(`${kind} ${name}`) ?? [];
}
