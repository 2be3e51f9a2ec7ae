/**
 * What a service remembers: documents by kind and name, and a log of every commit.
 *
 * Revisions count commits: 1, 2, 3 … without gaps, in commit order, across processes. A commit and its entry in the log
 * are one database transaction (P1), so whoever follows the log misses nothing, whatever was killed in between.
 */
export interface Store {
  /** Made with the store: tells its revisions from those of a store that was made anew. Of `[0-9a-z-]`, at most 64. */
  readonly epoch: string;
  /**
   * Runs `work` alone: no other transaction of any process commits between its first read and its commit. All or nothing.
   * `work` may wait for the transaction only, never for a network or a timer, because others wait for it. It runs once.
   * A transaction that changed nothing takes no revision and answers the newest one.
   *
   * Rejects with what `work` throws, or with `StoreUnavailable`; in the latter case it may have been committed if the
   * connection broke off while the database was answering.
   */
  transact<Value>(work: (transaction: Transaction) => Promise<Value>): Promise<{ value: Value; revision: number }>;
  /**
   * Runs `work` on one snapshot; `revision` is that of the snapshot. It holds everything this process has committed, and
   * what others have committed until at most 3 s ago; with `newest`, at the cost of asking the database, all that they have.
   * `work` must do nothing but read: it may run a second time.
   */
  read<Value>(
    work: (reading: Reading) => Promise<Value>,
    options?: { readonly newest?: boolean },
  ): Promise<{ value: Value; revision: number }>;
  /**
   * The commits after a revision, at most `limit`, in order; empty when there are none yet. Undefined when the log no
   * longer reaches back that far, or when the revision is from the future, as after a restored backup.
   */
  log(after: number, limit: number): Promise<LoggedCommit[] | undefined>;
  /** Tells of commits by this process and by others, newest revision first heard, some left out. Returns how to stop. */
  onCommit(listener: (revision: number) => void): () => void;
  /** Lets running transactions end, refuses new ones, closes connections. */
  close(): Promise<void>;
}

export interface Stored {
  /**
   * Kinds that begin with an underscore are notes of the service to itself: the log does not hold them, and a transaction that
   * changed nothing else takes no revision, though it is as durable as any.
   */
  readonly kind: string;
  readonly name: string;
  /** The message of the resource, binary. */
  readonly body: Uint8Array;
}

/** Whether documents of the kind are notes. */
export function isNote(kind: string): boolean {
  return kind.startsWith('_');
}

/** A document and what is known about it beside its body. */
export interface Put extends Stored {
  /** Names of other things by the name of the link, to find this document by them. */
  readonly links?: Readonly<Record<string, readonly string[]>>;
  /** Texts that no two documents of the store may have at the same time. Notes have none: no process hears of those of others. */
  readonly claims?: readonly string[];
}

export interface ListQuery {
  readonly kind: string;
  readonly prefix?: string;
  /** Only documents that link to the target. */
  readonly link?: { readonly name: string; readonly target: string };
  /** Only names after this one. */
  readonly after?: string;
  readonly limit: number;
}

export interface Reading {
  get(kind: string, name: string): Promise<Stored | undefined>;
  /** By name; those that do not exist are left out. */
  getMany(kind: string, names: readonly string[]): Promise<Map<string, Stored>>;
  /** By name, ascending, compared byte by byte. */
  list(query: ListQuery): Promise<Stored[]>;
  /** How many documents have names with the prefix. */
  count(kind: string, prefix: string): Promise<number>;
  /** How many documents link to each target; none is 0. */
  countLinks(kind: string, link: string, targets: readonly string[]): Promise<Map<string, number>>;
}

export interface Transaction extends Reading {
  /** The revision of the store if the transaction ended now: the newest one, or the next one once something has changed. */
  readonly revision: number;
  /**
   * Creates or replaces documents, links and claims with them. Many at once cost little more than one. Throws `ClaimTaken`, and
   * RangeError for a name, a target or a claim of more than 1200 bytes or with a NUL, which not every database takes.
   */
  put(...documents: readonly Put[]): Promise<void>;
  /** Deletes documents, links and claims with them; those that do not exist are none of its business. */
  delete(kind: string, ...names: readonly string[]): Promise<void>;
}

/** One revision: the net change of each document, in the order of first touch. */
export interface LoggedCommit {
  readonly revision: number;
  readonly changes: readonly LoggedChange[];
}

export interface LoggedChange {
  readonly kind: string;
  readonly name: string;
  /** Undefined: deleted. */
  readonly body: Uint8Array | undefined;
}

/** A document claims what another one has. */
export class ClaimTaken extends Error {
  override readonly name = 'ClaimTaken';

  constructor(
    readonly claim: string,
    readonly holder: { readonly kind: string; readonly name: string },
  ) {
    super(`${JSON.stringify(claim)} is claimed by ${holder.name}`);
  }
}

/** The database does not answer, or not in time. Later attempts may succeed: the store reconnects by itself. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}
