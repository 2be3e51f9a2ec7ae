import type { LoggedChange, LoggedCommit } from '../store.js';
import type { Sql, Tables } from './tables.js';

/** The log is trimmed once so many revisions are over, and so many at a time at most, so that no commit is held up for long. */
const trimStep = 500;

/** What the log says of a commit. */
export function logRows({ revision, changes }: LoggedCommit): Tables['log'][] {
  return changes.map(({ kind, name, body }, position) => ({ revision, position, kind, name, body: body ?? null }));
}

/** Takes away what the log need not hold any more. `trimmed` is the revision up to which that was done before. */
export async function trimLog(
  db: Sql,
  { trimmed, revision, logLength }: { trimmed: number; revision: number; logLength: number },
): Promise<void> {
  if (revision - trimmed < logLength + Math.min(trimStep, logLength)) return;
  const through = Math.min(revision - logLength, trimmed + 2 * trimStep);
  await db.deleteFrom('log').where('revision', '<=', through).execute();
  await db.updateTable('store').set({ trimmed: through }).execute();
}

/** See `Store.log`. `db` is one snapshot. */
export async function readLog(db: Sql, after: number, limit: number): Promise<LoggedCommit[] | undefined> {
  const { revision, trimmed } = await db.selectFrom('store').select(['revision', 'trimmed']).executeTakeFirstOrThrow();
  if (after < trimmed || after > revision) return undefined;
  if (after === revision) return [];
  const rows = await db
    .selectFrom('log')
    .selectAll()
    .where('revision', '>', after)
    .where('revision', '<=', after + limit)
    .orderBy('revision')
    .orderBy('position')
    .execute();
  const commits = new Map<number, LoggedChange[]>();
  for (const { revision: at, kind, name, body } of rows) {
    const changes = commits.get(at) ?? [];
    commits.set(at, changes);
    changes.push({ kind, name, body: body ?? undefined });
  }
  return [...commits].map(([at, changes]) => ({ revision: at, changes }));
}

/** The newest revision. */
export async function readRevision(db: Sql): Promise<number> {
  const row = await db.selectFrom('store').select('revision').executeTakeFirstOrThrow();
  return row.revision;
}
