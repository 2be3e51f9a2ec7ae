import { setTimeout as sleep } from 'node:timers/promises';
import type { CompiledQuery, DatabaseConnection, QueryResult } from 'kysely';
import Database from 'libsql';
import AsyncDatabase from 'libsql/promise';
import { TimeSlice } from '../sql/time-slice.js';

export interface LibsqlConnectionOptions {
  /** Path of the database file, or `:memory:`. */
  readonly file: string;
  /** Whether transactions of the connection write: they keep other writers out from their beginning. */
  readonly writes: boolean;
  /** How long a transaction waits for a writer of another process, in milliseconds. */
  readonly busyTimeoutMs: number;
}

/** Statements a connection keeps: those of every call, and some of the many that differ by how much they write at once. */
const maxPrepared = 256;

interface Prepared {
  readonly statement: Database.Statement;
  readonly isReader: boolean;
}

/**
 * One connection to a SQLite database.
 *
 * Statements run on the main thread: they take microseconds. What waits for the disk, the commit of a writer, runs on a
 * thread of libsql, and what waits for another process sleeps without blocking.
 */
export class LibsqlConnection implements DatabaseConnection {
  readonly #database: Database.Database;
  readonly #options: LibsqlConnectionOptions;
  /** By their text; the longest unused first. */
  readonly #statements = new Map<string, Prepared>();
  readonly #slice = new TimeSlice();
  #closed = false;

  constructor(options: LibsqlConnectionOptions) {
    this.#options = options;
    this.#database = new Database(options.file);
    // Only while it is opened: another process may be recovering the file.
    this.#database.pragma('busy_timeout = 2000');
    this.#database.pragma('journal_mode = WAL');
    this.#database.pragma('busy_timeout = 0');
    this.#database.pragma('synchronous = FULL');
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const { statement, isReader } = await this.#begin(sql);
    if (!isReader) {
      const { changes } = statement.run([...parameters]);
      return { rows: [], numAffectedRows: BigInt(changes) };
    }
    const rows = statement.all([...parameters]) as Record<string, unknown>[];
    for (const row of rows) viewBytes(row);
    return { rows: rows as Row[] };
  }

  /** Runs a statement that answers no rows. */
  async run(sql: string, parameters: readonly unknown[]): Promise<void> {
    const { statement } = await this.#begin(sql);
    statement.run(parameters);
  }

  // biome-ignore lint/correctness/useYield: nothing streams from a store.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('queries of a store do not stream');
  }

  async begin(): Promise<void> {
    const deadline = performance.now() + this.#options.busyTimeoutMs;
    const statement = this.#options.writes ? 'begin immediate' : 'begin';
    for (let pauseMs = 1; ; pauseMs = Math.min(2 * pauseMs, 20)) {
      try {
        this.#database.exec(statement);
        return;
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) throw error;
      }
      await sleep(pauseMs);
    }
  }

  async commit(): Promise<void> {
    if (!this.#options.writes) this.#database.exec('commit');
    // The two classes of libsql share their handle; this one runs the statement on a thread.
    else await AsyncDatabase.prototype.exec.call(this.#database, 'commit');
  }

  async rollBack(): Promise<void> {
    // Some errors, a full disk for one, have rolled back already.
    if (this.#database.inTransaction) this.#database.exec('rollback');
  }

  close(): void {
    this.#closed = true;
    // So that the file alone holds everything, for whoever copies it.
    try {
      if (this.#options.writes) this.#database.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      this.#database.close();
    }
  }

  async #begin(sql: string): Promise<Prepared> {
    await this.#slice.giveWay();
    // libsql ends the process when a closed database is used.
    if (this.#closed) throw new Error('the connection is closed');
    return this.#prepare(sql);
  }

  /** Preparing takes longer than running. */
  #prepare(sql: string): Prepared {
    let prepared = this.#statements.get(sql);
    if (prepared) this.#statements.delete(sql);
    else {
      const statement = this.#database.prepare(sql);
      prepared = { statement, isReader: statement.reader };
      const [oldest] = this.#statements.keys();
      if (this.#statements.size >= maxPrepared && oldest !== undefined) this.#statements.delete(oldest);
    }
    this.#statements.set(sql, prepared);
    return prepared;
  }
}

/** Whether another writer was in the way for too long, or the disk refuses. */
export function isOutOfReach(error: unknown): boolean {
  return /^SQLITE_(BUSY|FULL|IOERR|CANTOPEN|READONLY|NOMEM)/.test(codeOf(error));
}

function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_BUSY');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** libsql answers bytes as ArrayBuffer. */
function viewBytes(row: Record<string, unknown>): void {
  for (const [column, value] of Object.entries(row)) {
    if (value instanceof ArrayBuffer) row[column] = new Uint8Array(value);
  }
}
