import { randomBytes } from 'node:crypto';
import type { Logger } from '@portcullis/runtime';
import { openPostgres } from './postgres/postgres-engine.js';
import { SqlStore } from './sql/sql-store.js';
import { openSqlite } from './sqlite/sqlite-engine.js';
import type { Store } from './store.js';

export interface OpenStoreOptions {
  readonly log: Logger;
  /**
   * The service the store belongs to, `[a-z][a-z0-9_]*`. Several may share a PostgreSQL database, each in its schema
   * `portcullis_<owner>`; a SQLite file belongs to one and refuses others. Default: `store`.
   */
  readonly owner?: string;
  /** Commits the log keeps, for those who resume. Default: 100 000. */
  readonly logLength?: number;
}

/**
 * Opens a store, made when it does not exist: `sqlite:/path/file.db`, `sqlite::memory:` or
 * `postgres://user:password@host/database`. Throws when the URL is of another kind, when the database cannot be reached,
 * and when the store belongs to another service or version.
 */
export async function openStore(
  url: string,
  { log, owner = 'store', logLength = 100_000 }: OpenStoreOptions,
): Promise<Store> {
  if (!/^[a-z][a-z0-9_]{0,30}$/.test(owner)) throw new RangeError(`not an owner of a store: ${JSON.stringify(owner)}`);
  const opened = await open(url, { owner, epoch: randomBytes(8).toString('hex') });
  return new SqlStore({ ...opened, log, logLength });
}

function open(url: string, options: { owner: string; epoch: string }): ReturnType<typeof openSqlite> {
  const file = /^sqlite:(.+)$/.exec(url)?.[1];
  if (file !== undefined) return openSqlite(file, options);
  if (/^postgres(ql)?:\/\//.test(url)) return openPostgres(url, options);
  throw new RangeError('the URL of a store begins with sqlite: or postgres://');
}
