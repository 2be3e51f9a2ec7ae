import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { isConnectionLoss } from './connection-loss.js';

/** Longest time one statement, or the lock it waits for, may take, in milliseconds. */
const statementTimeoutMs = 10_000;

/** Settings of every connection. The timeouts free the lock of a process that hangs in the middle of a commit. */
export function connectionSettings(url: string): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'portcullis',
    keepAlive: true,
    connectionTimeoutMillis: 5000,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    // For a server that vanished without a word: the server's own timeout cannot be heard then.
    query_timeout: statementTimeoutMs + 5000,
    types: { getTypeParser },
  };
}

/** A pool that drops connections that broke while they were in use; the next user gets a new one. */
export function openPool(url: string, max: number): PostgresPool {
  const pool = new pg.Pool({ ...connectionSettings(url), max });
  // An idle connection that breaks is dropped by the pool. Without a listener the process would end.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    connect: async () => borrow(await pool.connect()),
    end: () => pool.end(),
  };
}

/** Statements that a server keeps prepared per connection, by their text; short ones, which are repeated most. */
const names = new Map<string, string>();
const maxNames = 128;
const maxTextLength = 1000;

/** A statement with a name is parsed and planned once per connection. */
function nameOf(text: string, parameters: readonly unknown[]): { name?: string } {
  if (parameters.length === 0 || text.length > maxTextLength) return {};
  if (!names.has(text) && names.size < maxNames) names.set(text, `portcullis_${names.size}`);
  const name = names.get(text);
  return name === undefined ? {} : { name };
}

function borrow(client: pg.PoolClient): PostgresPoolClient {
  let broken = false;
  const query = async (text: string, parameters: readonly unknown[]) => {
    try {
      return await client.query({ ...nameOf(text, parameters), text, values: [...parameters] });
    } catch (error) {
      broken ||= isConnectionLoss(error);
      throw error;
    }
  };
  return { query: query as unknown as PostgresPoolClient['query'], release: () => client.release(broken) };
}

/** Revisions are read as numbers: they stay far below 2^53. */
function getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
  return oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format as 'text');
}
