import type { Logger } from '@portcullis/runtime';
import { type LoggedCommit, type Reading, type Store, StoreUnavailable, type Transaction } from '../store.js';
import { CommitQueue } from './commit-queue.js';
import type { Engine } from './engine.js';
import { followLog } from './follow-log.js';
import { readLog, readRevision } from './log-table.js';
import { NotInReplica, Replica } from './replica.js';
import { RevisionFeed } from './revision-feed.js';
import { SqlReading } from './sql-reading.js';

/** Shortest time between two complaints in the log, in milliseconds. */
const complaintPauseMs = 10_000;
/** Commits kept in memory for those who follow the log. */
const rememberedCommits = 1024;
/** Memory is not trusted after the database was silent for longer: three polls. In milliseconds. */
const longestSilenceMs = 3000;

export interface SqlStoreOptions {
  readonly engine: Engine;
  readonly epoch: string;
  readonly log: Logger;
  readonly logLength: number;
}

/**
 * A store on a database, whichever.
 *
 * Owns: the queue of commits, the feed of revisions, the engine, a replica in memory, and what is under way.
 * Invariants: those of `Store`; the engine is closed only when nothing uses it; a reading is answered from memory only
 * while memory is at the newest revision heard of, and only if it did not change meanwhile.
 */
export class SqlStore implements Store {
  readonly epoch: string;
  readonly #engine: Engine;
  readonly #queue: CommitQueue;
  readonly #feed: RevisionFeed;
  readonly #replica: Replica;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #log: Logger;
  /** The newest revision heard of. */
  #newest = 0;
  #catchingUp: Promise<void> | undefined;
  #closed = false;
  #complainAfter = 0;

  constructor({ engine, epoch, log, logLength }: SqlStoreOptions) {
    this.epoch = epoch;
    this.#engine = engine;
    this.#log = log;
    this.#replica = new Replica(Math.min(logLength, rememberedCommits));
    this.#feed = new RevisionFeed({ engine, log, isOwn: (revision) => this.#queue.isCommitting(revision) });
    // The first listener: whoever hears of a revision after it finds it in memory, if it is one of ours.
    this.#feed.subscribe((revision) => this.#hear(revision));
    this.#queue = new CommitQueue({
      engine,
      replica: this.#replica,
      catchUp: () => this.#catchUp(),
      logLength,
      onCommit: (commits) => this.#takeIn(commits),
    });
    void this.#catchUp();
  }

  transact<Value>(work: (transaction: Transaction) => Promise<Value>): Promise<{ value: Value; revision: number }> {
    return this.#reach(() => this.#queue.transact(work));
  }

  read<Value>(
    work: (reading: Reading) => Promise<Value>,
    { newest = false }: { readonly newest?: boolean } = {},
  ): Promise<{ value: Value; revision: number }> {
    return this.#reach(async () => {
      const remembered = newest ? undefined : await this.#readFromMemory(work);
      return remembered ?? (await this.#readFromDatabase(work));
    });
  }

  log(after: number, limit: number): Promise<LoggedCommit[] | undefined> {
    return this.#reach(async () => {
      const remembered = this.#isCurrent ? this.#replica.log(after, limit) : undefined;
      return remembered ?? (await this.#engine.snapshot((db) => readLog(db, after, limit)));
    });
  }

  onCommit(listener: (revision: number) => void): () => void {
    return this.#feed.subscribe(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#feed.close();
    await this.#catchingUp;
    await Promise.allSettled(this.#underWay);
    await this.#engine.close();
  }

  /** Whether memory holds all that is known, and what others commit would have been heard of. */
  get #isCurrent(): boolean {
    if (this.#feed.silentMs > longestSilenceMs) return false;
    if ((this.#replica.revision ?? -1) >= this.#newest) return true;
    void this.#catchUp();
    return false;
  }

  /** Undefined where memory does not know, or changed while `work` waited for something. */
  async #readFromMemory<Value>(
    work: (reading: Reading) => Promise<Value>,
  ): Promise<{ value: Value; revision: number } | undefined> {
    const { revision } = this.#replica;
    if (!this.#isCurrent || revision === undefined) return undefined;
    try {
      const value = await work(this.#replica.reading);
      return this.#replica.revision === revision ? { value, revision } : undefined;
    } catch (error) {
      if (error instanceof NotInReplica || this.#replica.revision !== revision) return undefined;
      throw error;
    }
  }

  #readFromDatabase<Value>(work: (reading: Reading) => Promise<Value>): Promise<{ value: Value; revision: number }> {
    return this.#engine.snapshot(async (db) => {
      const revision = await readRevision(db);
      // Memory that is behind what was read once must not answer the next reading.
      this.#newest = Math.max(this.#newest, revision);
      return { value: await work(new SqlReading(db)), revision };
    });
  }

  #takeIn(commits: readonly LoggedCommit[]): void {
    for (const commit of commits) this.#replica.apply(commit);
    this.#feed.announce(commits.at(-1)?.revision ?? 0);
  }

  #hear(revision: number): void {
    this.#newest = Math.max(this.#newest, revision);
    if ((this.#replica.revision ?? -1) < this.#newest) void this.#catchUp();
  }

  /** Brings memory to the newest revision. After a failure the next reading begins it again. */
  #catchUp(): Promise<void> {
    this.#catchingUp ??= this.#follow()
      .catch((error) => this.#log.debug({ err: error }, 'memory cannot follow the database'))
      .finally(() => {
        this.#catchingUp = undefined;
      });
    return this.#catchingUp;
  }

  async #follow(): Promise<void> {
    while (!this.#closed && (this.#replica.revision ?? -1) < this.#newest) {
      const at = this.#replica.revision;
      await this.#engine.snapshot((db) => followLog(db, this.#replica));
      // The database is older than what was heard of, as after a restored backup.
      if (at !== undefined && this.#replica.revision === at) return;
    }
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
