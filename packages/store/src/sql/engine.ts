import type { Sql } from './tables.js';

/** What differs between databases. Everything else of a store is the same code on kysely. */
export interface Engine {
  /** Runs `work` in one durable database transaction; on the way out nothing of it is left when it throws. */
  write<Value>(work: (db: Sql) => Promise<Value>): Promise<Value>;
  /** Runs `work` on one consistent snapshot. */
  snapshot<Value>(work: (db: Sql) => Promise<Value>): Promise<Value>;
  /** Takes the store's row until the end of the transaction, across processes, and reads the newest revision. */
  lockRevision(db: Sql): Promise<number>;
  /** Tells other processes of a revision, once the transaction is committed. */
  announce(db: Sql, revision: number): Promise<void>;
  /** Hears what other processes announce, where the database can tell; returns how to stop. */
  listen(onRevision: (revision: number) => void): () => Promise<void>;
  /** Whether an error means that the database is out of reach for now, rather than a defect. */
  isUnavailable(error: unknown): boolean;
  close(): Promise<void>;
}
