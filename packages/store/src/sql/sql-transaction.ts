import {
  ClaimTaken,
  isNote,
  type ListQuery,
  type LoggedChange,
  type Put,
  type Reading,
  type Stored,
  type Transaction,
} from '../store.js';
import { isSame } from './claims.js';
import type { Draft, Former } from './draft.js';
import { checkIndexed } from './indexed-text.js';
import { rollBackTo, setSavepoint } from './savepoint.js';
import { SqlReading } from './sql-reading.js';
import type { Sql } from './tables.js';
import type { TimeSlice } from './time-slice.js';

interface Touched extends Former {
  /** The body before the transaction; not of notes, which have no place in the log. */
  readonly before: Uint8Array | undefined;
}

/**
 * One transaction of a service, inside a database transaction of possibly many.
 *
 * Owns: what it has touched so far; a savepoint, once the database has been told of something it changed.
 * Does not own: its revision, the log; the draft, which it changes, and asks instead of the database where that knows.
 * Invariants: 1. A document that `put` names has exactly the links and claims of its last `put`. 2. After a `put` that
 * threw, also one whose error was caught, `failure` is set and the transaction must not be committed. 3. The database
 * is asked only when it knows all that has been done to documents of the kind.
 */
export class SqlTransaction extends SqlReading implements Transaction {
  readonly #db: Sql;
  readonly #draft: Draft;
  readonly #newest: number;
  readonly #slice: TimeSlice;
  readonly #touched = new Map<string, Touched>();
  /** What the draft is not told to keep yet. */
  readonly #changed = new Set<Touched>();
  #hasSavepoint = false;
  #failure: unknown;

  /** `newest` is the revision of the transaction before. */
  constructor(db: Sql, { draft, newest, slice }: { draft: Draft; newest: number; slice: TimeSlice }) {
    super(db);
    this.#db = db;
    this.#draft = draft;
    this.#newest = newest;
    this.#slice = slice;
  }

  get revision(): number {
    return this.changes().length > 0 ? this.#newest + 1 : this.#newest;
  }

  /** Why the transaction cannot be committed any more: a `put` broke off half way. */
  get failure(): unknown {
    return this.#failure;
  }

  override async get(kind: string, name: string): Promise<Stored | undefined> {
    if (!isNote(kind) || this.#draft.drafted(kind, name)) return this.#draft.get(kind, name);
    checkIndexed(name);
    const stored = await super.get(kind, name);
    // A `put` may have come first.
    if (!this.#draft.drafted(kind, name)) this.#draft.set(kind, name, { body: stored?.body, links: undefined });
    return stored;
  }

  override async getMany(kind: string, names: readonly string[]): Promise<Map<string, Stored>> {
    const found = new Map<string, Stored>();
    for (const name of names) {
      const document = isNote(kind) ? await this.get(kind, name) : this.#draft.get(kind, name);
      if (document) found.set(name, document);
    }
    return found;
  }

  override async list(query: ListQuery): Promise<Stored[]> {
    if (query.link) {
      checkIndexed(query.link.target);
      return this.#draft.merge(query, await super.list({ ...query, limit: this.#draft.limitOf(query) }));
    }
    if (this.#draft.knowsOrder(query.kind)) return this.#draft.list(query);
    await this.#tell(query.kind);
    return super.list(query);
  }

  override async count(kind: string, prefix: string): Promise<number> {
    if (this.#draft.knowsOrder(kind)) return this.#draft.count(kind, prefix);
    await this.#tell(kind);
    return super.count(kind, prefix);
  }

  override async countLinks(...query: Parameters<Reading['countLinks']>): Promise<Map<string, number>> {
    await this.#tell(query[0]);
    return super.countLinks(...query);
  }

  async put(...documents: readonly Put[]): Promise<void> {
    await this.#slice.giveWay();
    const latest = [...new Map(documents.map((each) => [`${each.kind} ${each.name}`, each])).values()];
    try {
      for (const document of latest) refuseUnindexed(document);
      // Two may change places.
      for (const document of latest) this.#draft.claims.set(this.#touch(document), []);
      for (const document of latest) this.#claim(document);
      for (const { kind, name, body, links = {} } of latest) this.#draft.set(kind, name, { body, links });
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async delete(kind: string, ...names: readonly string[]): Promise<void> {
    await this.#slice.giveWay();
    for (const name of names) {
      if (!isNote(kind) && this.#draft.get(kind, name) === undefined) continue;
      this.#draft.claims.set(this.#touch({ kind, name }), []);
      this.#draft.set(kind, name, { body: undefined, links: {} });
    }
  }

  /**
   * The net change of each document; a document that is as it was before is left out, and so are notes. Other processes learn from
   * the log whose claims to read again.
   */
  changes(): LoggedChange[] {
    const changes: LoggedChange[] = [];
    for (const { kind, name, before, claims } of this.#touched.values()) {
      if (isNote(kind)) continue;
      const body = this.#draft.get(kind, name)?.body;
      const hasClaims = this.#draft.claims.of({ kind, name });
      if (!sameBytes(before, body) || !sameTexts(claims, hasClaims)) changes.push({ kind, name, body });
    }
    return changes;
  }

  /** Leaves to the draft what the transaction has changed. */
  keep(): void {
    for (const document of this.#changed) this.#draft.keep(document);
    this.#changed.clear();
  }

  /** Takes back what the transaction has changed. */
  async undo(): Promise<void> {
    if (this.#hasSavepoint) await rollBackTo(this.#db);
    this.#draft.restore([...this.#touched.values()]);
  }

  /** Tells the database what it does not know of a kind: behind a savepoint what may be taken back. */
  async #tell(kind: string): Promise<void> {
    const isToldOwn = [...this.#changed].some((document) => document.kind === kind);
    if (!isToldOwn && !this.#draft.hasUnwritten(kind)) return;
    await this.#draft.write(this.#db);
    if (!isToldOwn) return;
    if (!this.#hasSavepoint) await setSavepoint(this.#db);
    this.#hasSavepoint = true;
    this.keep();
    await this.#draft.write(this.#db);
  }

  #claim({ kind, name, claims = [] }: Put): void {
    for (const claim of claims) {
      const holder = this.#draft.claims.holderOf(claim);
      if (holder && !isSame(holder, { kind, name })) throw new ClaimTaken(claim, holder);
    }
    this.#draft.claims.set({ kind, name }, [...new Set(claims)]);
  }

  /** Remembers what a document was before it is changed. */
  #touch({ kind, name }: { readonly kind: string; readonly name: string }): Touched {
    const key = `${kind} ${name}`;
    let touched = this.#touched.get(key);
    if (touched === undefined) {
      touched = {
        ...this.#draft.former({ kind, name }),
        before: isNote(kind) ? undefined : this.#draft.get(kind, name)?.body,
      };
      this.#touched.set(key, touched);
    }
    this.#changed.add(touched);
    return touched;
  }
}

function refuseUnindexed({ kind, name, links = {}, claims = [] }: Put): void {
  if (isNote(kind) && claims.length > 0) throw new TypeError(`${name} is a note, which has no claims`);
  checkIndexed(name);
  for (const targets of Object.values(links)) for (const target of targets) checkIndexed(target);
  for (const claim of claims) checkIndexed(claim);
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text) => b.includes(text));
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}
