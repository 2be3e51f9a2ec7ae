import { isNote, type ListQuery, type LoggedCommit, type Reading, type Stored } from '../store.js';
import { Claims, type ClaimsOfDocument } from './claims.js';
import type { Everything } from './read-everything.js';
import { SortedDocuments } from './sorted-documents.js';

/** Thrown by a reading that asks for what only the database knows. */
export class NotInReplica extends Error {
  override readonly name = 'NotInReplica';
}

/**
 * All documents of a store in memory, as of one revision.
 *
 * Owns: the documents by kind and name, their claims, and the newest commits.
 * Does not own: links and notes; how it is kept up to date.
 * Invariants: 1. Documents are those the database held at `revision`; commits are taken in order and without gaps. 2. So are
 * claims, once every commit is taken and while no group is under way, which makes its changes to them here.
 */
export class Replica {
  readonly claims = new Claims();
  readonly #kinds = new Map<string, SortedDocuments>();
  readonly #keptCommits: number;
  #commits: LoggedCommit[] = [];
  #revision: number | undefined;

  /** `keptCommits`: for those who follow closely; who is further behind reads the log of the database. */
  constructor(keptCommits: number) {
    this.#keptCommits = keptCommits;
  }

  /** Undefined before the first `load`. */
  get revision(): number | undefined {
    return this.#revision;
  }

  load({ documents, claims, revision }: Everything): void {
    this.#kinds.clear();
    this.#commits = [];
    for (const document of documents) this.#of(document.kind).put(document);
    this.claims.clear();
    for (const { claim, kind, name } of claims)
      this.claims.set({ kind, name }, [...this.claims.of({ kind, name }), claim]);
    this.#revision = revision;
  }

  /**
   * Takes one commit, with the claims of what it has changed unless they are here already. False when one before it is missing;
   * one that was taken already is passed over.
   */
  apply(commit: LoggedCommit, claimsOf?: ClaimsOfDocument): boolean {
    if (this.#revision === undefined || commit.revision > this.#revision + 1) return false;
    if (commit.revision <= this.#revision) return true;
    for (const { kind, name, body } of commit.changes) {
      if (body === undefined) this.#of(kind).delete(name);
      else this.#of(kind).put({ kind, name, body });
      if (claimsOf) this.claims.set({ kind, name }, claimsOf({ kind, name }));
    }
    this.#commits.push(commit);
    if (this.#commits.length > 2 * this.#keptCommits) this.#commits = this.#commits.slice(-this.#keptCommits);
    this.#revision = commit.revision;
    return true;
  }

  /** As `Store.log`; undefined where memory does not reach back, which says nothing about the database. */
  log(after: number, limit: number): LoggedCommit[] | undefined {
    const revision = this.#revision ?? 0;
    const first = this.#commits[0]?.revision ?? revision + 1;
    if (after > revision || after < first - 1 || after < revision - this.#keptCommits) return undefined;
    return this.#commits.slice(after + 1 - first, after + 1 - first + limit);
  }

  /** Answers at once; only what comes after an `await` may belong to a later revision. */
  readonly reading: Reading = {
    get: async (kind, name) => this.get(kind, name),
    getMany: async (kind, names) => {
      const found = new Map<string, Stored>();
      for (const name of names) {
        const document = this.get(kind, name);
        if (document) found.set(name, document);
      }
      return found;
    },
    list: async (query) => this.list(query),
    count: async (kind, prefix) => this.count(kind, prefix),
    countLinks: async () => {
      throw new NotInReplica('links are in the database only');
    },
  };

  /** Whether documents of a kind can be listed. */
  isOrdered(kind: string): boolean {
    return this.#kinds.get(kind)?.isOrdered ?? true;
  }

  get(kind: string, name: string): Stored | undefined {
    return this.#known(kind)?.get(name);
  }

  list({ kind, prefix = '', link, after = '', limit }: ListQuery): Stored[] {
    if (link !== undefined) throw new NotInReplica('links are in the database only');
    return this.#ordered(kind)?.list({ prefix, after, limit }) ?? [];
  }

  count(kind: string, prefix: string): number {
    return this.#ordered(kind)?.count(prefix) ?? 0;
  }

  #known(kind: string): SortedDocuments | undefined {
    if (isNote(kind)) throw new NotInReplica('no commit tells of notes');
    return this.#kinds.get(kind);
  }

  #ordered(kind: string): SortedDocuments | undefined {
    const documents = this.#known(kind);
    if (!this.isOrdered(kind)) throw new NotInReplica('names that are not ASCII are ordered by the database');
    return documents;
  }

  #of(kind: string): SortedDocuments {
    const documents = this.#kinds.get(kind) ?? new SortedDocuments();
    this.#kinds.set(kind, documents);
    return documents;
  }
}
