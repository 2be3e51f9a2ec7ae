import type { Sql, Tables } from './tables.js';

/** What a group of transactions adds. */
interface NewRows {
  /** Of those that are there, the body is replaced. */
  readonly documents: readonly Tables['document'][];
  readonly links: readonly Tables['link'][];
  readonly claims: readonly Tables['claim'][];
  readonly log: readonly Tables['log'][];
}

/** What differs between databases. Everything else of a store is the same code on kysely. */
export interface Engine {
  /** Runs `work` in one durable database transaction; on the way out nothing of it is left when it throws. */
  write<Value>(work: (db: Sql) => Promise<Value>): Promise<Value>;
  /** Runs `work` on one consistent snapshot. */
  snapshot<Value>(work: (db: Sql) => Promise<Value>): Promise<Value>;
  /** Takes the store's row until the end of the transaction, across processes, and reads the newest revision. */
  lockRevision(db: Sql): Promise<number>;
  /** In the way that costs the database least: they are most of what is written. */
  insert(db: Sql, rows: NewRows): Promise<void>;
  /**
   * Makes a revision the newest one, and tells other processes of it once the transaction is committed. Returns the revision
   * that the log is trimmed to.
   */
  advance(db: Sql, revision: number): Promise<number>;
  /** Hears what other processes announce, where the database can tell; returns how to stop. */
  listen(onRevision: (revision: number) => void): () => Promise<void>;
  /** Whether an error means that the database is out of reach for now, rather than a defect. */
  isUnavailable(error: unknown): boolean;
  close(): Promise<void>;
}
