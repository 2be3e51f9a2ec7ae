import type { LoggedChange, LoggedCommit, Transaction } from '../store.js';
import { Draft } from './draft.js';
import type { Engine } from './engine.js';
import { followLog } from './follow-log.js';
import { logRows, trimLog } from './log-table.js';
import type { Replica } from './replica.js';
import { SqlTransaction } from './sql-transaction.js';
import { TimeSlice } from './time-slice.js';

export interface CommitQueueOptions {
  readonly engine: Engine;
  /** Answers what transactions read. */
  readonly replica: Replica;
  /** Brings the replica to about the newest revision. */
  readonly catchUp: () => Promise<void>;
  /** Commits the log keeps. */
  readonly logLength: number;
  /** Called after each database commit that made revisions, before those who wait for it are answered. */
  readonly onCommit: (commits: readonly LoggedCommit[]) => void;
  /** Most transactions that share one database commit. */
  readonly maxGroupSize?: number;
}

interface Waiting {
  readonly work: (transaction: Transaction) => Promise<unknown>;
  readonly resolve: (committed: { value: unknown; revision: number }) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly value: unknown; readonly revision: number } | { readonly error: unknown };

/** Longest time transactions join a group that has begun, in milliseconds: the first one waits for the last. */
const maxGroupMs = 20;

/**
 * Commits transactions in groups: those that wait at the same time share one database commit, and one wait for the disk.
 *
 * Owns: the transactions that wait, and the one group that is under way.
 * Invariants: 1. A transaction resolves only after its group is durable. 2. Each takes its own revision, in the order of
 * the log (P1: both are written by the same database transaction). 3. One that fails takes back itself and no other.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  readonly #waiting: Waiting[] = [];
  #isRunning = false;
  /** The newest revision of the group under way, once the database knows it; else 0. */
  #making = 0;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  transact<Value>(work: (transaction: Transaction) => Promise<Value>): Promise<{ value: Value; revision: number }> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work, resolve: resolve as Waiting['resolve'], reject });
      if (!this.#isRunning) void this.#commitAll();
    });
  }

  /** Whether a revision is one that a commit under way makes. */
  isCommitting(revision: number): boolean {
    return revision <= this.#making;
  }

  async #commitAll(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) await this.#commitGroup();
    // In the same turn as the check: a transaction that comes later begins anew.
    this.#isRunning = false;
  }

  async #commitGroup(): Promise<void> {
    const { engine, replica, catchUp, logLength, onCommit } = this.#options;
    const group: Waiting[] = [];
    let draft: Draft | undefined;
    try {
      // As far as it goes without keeping others out.
      if (replica.revision === undefined) await catchUp();
      const outcomes: Outcome[] = [];
      const commits = await engine.write(async (db) => {
        let newest = await engine.lockRevision(db);
        while (replica.revision !== newest) await followLog(db, replica);
        draft = new Draft(engine, replica);
        const revisions: LoggedCommit[] = [];
        const slice = new TimeSlice();
        for (const { work } of this.#join(group)) {
          const transaction = new SqlTransaction(db, { draft, newest, slice });
          const { changes, ...outcome } = await this.#attempt(work, transaction);
          if (changes.length > 0) {
            newest += 1;
            revisions.push({ revision: newest, changes });
          }
          outcomes.push('error' in outcome ? outcome : { value: outcome.value, revision: newest });
        }
        await draft.write(db, revisions.flatMap(logRows));
        if (revisions.length === 0) return revisions;
        this.#making = newest;
        const trimmed = await engine.advance(db, newest);
        await trimLog(db, { trimmed, revision: newest, logLength });
        return revisions;
      });
      if (commits.length > 0) onCommit(commits);
      for (const [i, waiting] of group.entries()) settle(waiting, outcomes[i]);
    } catch (error) {
      draft?.abandon();
      // The database did not even begin: whoever waits would meet the same, one timeout after the other.
      if (group.length === 0) group.push(...this.#waiting.splice(0));
      for (const { reject } of group) reject(error);
    } finally {
      this.#making = 0;
    }
  }

  /** Runs one transaction, and takes it back when it fails. Throws when the database is in trouble, which no group survives. */
  async #attempt(
    work: Waiting['work'],
    transaction: SqlTransaction,
  ): Promise<{ value: unknown; changes: LoggedChange[] } | { error: unknown; changes: never[] }> {
    try {
      const value = await work(transaction);
      if (transaction.failure !== undefined) throw transaction.failure;
      transaction.keep();
      return { value, changes: transaction.changes() };
    } catch (error) {
      if (this.#options.engine.isUnavailable(error)) throw error;
      await transaction.undo();
      return { error, changes: [] };
    }
  }

  /** Those that wait, and those that come while the group is under way, moved to `group`. */
  *#join(group: Waiting[]): Generator<Waiting> {
    const { maxGroupSize = 64 } = this.#options;
    const deadline = performance.now() + maxGroupMs;
    while (group.length < maxGroupSize && (group.length === 0 || performance.now() < deadline)) {
      const next = this.#waiting.shift();
      if (!next) return;
      group.push(next);
      yield next;
    }
  }
}

function settle({ resolve, reject }: Waiting, outcome: Outcome | undefined): void {
  if (outcome === undefined) reject(new Error('the transaction was not tried'));
  else if ('error' in outcome) reject(outcome.error);
  else resolve(outcome);
}
