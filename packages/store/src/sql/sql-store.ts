import type { Logger } from '@portcullis/runtime';
import { type LoggedCommit, type Reading, type Store, StoreUnavailable, type Transaction } from '../store.js';
import { CommitQueue } from './commit-queue.js';
import type { Engine } from './engine.js';
import { readLog, readRevision } from './log-table.js';
import { RevisionFeed } from './revision-feed.js';
import { SqlReading } from './sql-reading.js';

/** Shortest time between two complaints in the log, in milliseconds. */
const complaintPauseMs = 10_000;

export interface SqlStoreOptions {
  readonly engine: Engine;
  readonly epoch: string;
  readonly log: Logger;
  readonly logLength: number;
}

/**
 * A store on a database, whichever.
 *
 * Owns: the queue of commits, the feed of revisions, the engine, and what is under way.
 * Invariants: those of `Store`; and the engine is closed only when nothing uses it.
 */
export class SqlStore implements Store {
  readonly epoch: string;
  readonly #engine: Engine;
  readonly #queue: CommitQueue;
  readonly #feed: RevisionFeed;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #log: Logger;
  #closed = false;
  #complainAfter = 0;

  constructor({ engine, epoch, log, logLength }: SqlStoreOptions) {
    this.epoch = epoch;
    this.#engine = engine;
    this.#log = log;
    this.#feed = new RevisionFeed({ engine, log });
    this.#queue = new CommitQueue({ engine, logLength, onCommit: (revision) => this.#feed.announce(revision) });
  }

  transact<Value>(work: (transaction: Transaction) => Promise<Value>): Promise<{ value: Value; revision: number }> {
    return this.#reach(() => this.#queue.transact(work));
  }

  read<Value>(work: (reading: Reading) => Promise<Value>): Promise<{ value: Value; revision: number }> {
    return this.#reach(() =>
      this.#engine.snapshot(async (db) => {
        const revision = await readRevision(db);
        return { value: await work(new SqlReading(db)), revision };
      }),
    );
  }

  log(after: number, limit: number): Promise<LoggedCommit[] | undefined> {
    return this.#reach(() => this.#engine.snapshot((db) => readLog(db, after, limit)));
  }

  onCommit(listener: (revision: number) => void): () => void {
    return this.#feed.subscribe(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#feed.close();
    await Promise.allSettled(this.#underWay);
    await this.#engine.close();
  }

  async #reach<Value>(call: () => Promise<Value>): Promise<Value> {
    if (this.#closed) throw new StoreUnavailable('the store is closed');
    const answer = call();
    this.#underWay.add(answer);
    try {
      return await answer;
    } catch (error) {
      if (!this.#engine.isUnavailable(error)) throw error;
      this.#complain(error);
      throw new StoreUnavailable('the database cannot be reached', { cause: error });
    } finally {
      this.#underWay.delete(answer);
    }
  }
  /** Callers learn only that the database is away; here is why. */
  #complain(error: unknown): void {
    const now = performance.now();
    if (now < this.#complainAfter) return;
    this.#complainAfter = now + complaintPauseMs;
    this.#log.warn({ err: error }, 'the database cannot be reached');
  }
}
