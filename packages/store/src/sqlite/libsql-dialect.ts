import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { LibsqlConnection, type LibsqlConnectionOptions } from './libsql-connection.js';

export interface LibsqlDialectOptions extends LibsqlConnectionOptions {
  /** Most connections that are open at the same time; they are opened when needed. */
  readonly connections: number;
}

/** kysely on libsql. kysely's own dialect for SQLite has one connection and waits for the disk on the main thread. */
export class LibsqlDialect implements Dialect {
  readonly #options: LibsqlDialectOptions;

  constructor(options: LibsqlDialectOptions) {
    this.#options = options;
  }

  createDriver(): Driver {
    return new LibsqlDriver(this.#options);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): SqliteAdapter {
    return new SqliteAdapter();
  }

  createIntrospector(db: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(db);
  }
}

/**
 * Owns: the connections, and who has which.
 * Invariant: a connection is with one user at a time; users are served in the order they came.
 */
class LibsqlDriver implements Driver {
  readonly #options: LibsqlDialectOptions;
  readonly #all: LibsqlConnection[] = [];
  readonly #free: LibsqlConnection[] = [];
  readonly #waiting: ((connection: LibsqlConnection) => void)[] = [];

  constructor(options: LibsqlDialectOptions) {
    this.#options = options;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<LibsqlConnection> {
    const free = this.#free.pop();
    if (free) return free;
    if (this.#all.length >= this.#options.connections) return new Promise((resolve) => this.#waiting.push(resolve));
    const connection = new LibsqlConnection(this.#options);
    this.#all.push(connection);
    return connection;
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    const next = this.#waiting.shift();
    if (next) next(connection as LibsqlConnection);
    else this.#free.push(connection as LibsqlConnection);
  }

  beginTransaction(connection: DatabaseConnection): Promise<void> {
    return (connection as LibsqlConnection).begin();
  }

  commitTransaction(connection: DatabaseConnection): Promise<void> {
    return (connection as LibsqlConnection).commit();
  }

  rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    return (connection as LibsqlConnection).rollBack();
  }

  async destroy(): Promise<void> {
    for (const connection of this.#all.splice(0)) connection.close();
  }
}
