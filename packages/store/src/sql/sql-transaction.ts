import {
  ClaimTaken,
  isNote,
  type ListQuery,
  type LoggedChange,
  type Put,
  type Stored,
  type Transaction,
} from '../store.js';
import type { Draft } from './draft.js';
import { chunks, SqlReading } from './sql-reading.js';
import type { Sql } from './tables.js';
import { writeDocuments } from './write-documents.js';

interface Touched {
  readonly kind: string;
  readonly name: string;
  readonly before: Uint8Array | undefined;
  after: Uint8Array | undefined;
}

/**
 * One transaction of a service, inside a database transaction of possibly many.
 *
 * Owns: what it has changed so far.
 * Does not own: its revision, its savepoint, the log; the draft, which it asks instead of the database where that knows.
 * Invariants: 1. A document that `put` names has exactly the links and claims of its last `put`. 2. After a `put` that
 * threw, also one whose error was caught, `failure` is set and the transaction must not be committed.
 */
export class SqlTransaction extends SqlReading implements Transaction {
  readonly #db: Sql;
  readonly #draft: Draft;
  readonly #newest: number;
  readonly #touched = new Map<string, Touched>();
  #failure: unknown;

  /** `newest` is the revision of the transaction before. */
  constructor(db: Sql, draft: Draft, newest: number) {
    super(db);
    this.#db = db;
    this.#draft = draft;
    this.#newest = newest;
  }

  get revision(): number {
    return this.changes().length > 0 ? this.#newest + 1 : this.#newest;
  }

  /** Why the transaction cannot be committed any more: a `put` broke off half way. */
  get failure(): unknown {
    return this.#failure;
  }

  override async get(kind: string, name: string): Promise<Stored | undefined> {
    if (this.#draft.knowsDocument(kind, name)) return this.#draft.get(kind, name);
    const stored = await super.get(kind, name);
    // A `put` may have come first.
    if (!this.#draft.knowsDocument(kind, name)) this.#draft.change(kind, name, stored?.body);
    return stored;
  }

  override async getMany(kind: string, names: readonly string[]): Promise<Map<string, Stored>> {
    if (!this.#draft.knows(kind)) return super.getMany(kind, names);
    const found = new Map<string, Stored>();
    for (const name of names) {
      const document = this.#draft.get(kind, name);
      if (document) found.set(name, document);
    }
    return found;
  }

  override async list(query: ListQuery): Promise<Stored[]> {
    const isByName = query.link === undefined && this.#draft.knowsOrder(query.kind);
    return isByName ? this.#draft.list(query) : super.list(query);
  }

  override async count(kind: string, prefix: string): Promise<number> {
    return this.#draft.knowsOrder(kind) ? this.#draft.count(kind, prefix) : super.count(kind, prefix);
  }

  async put(...documents: readonly Put[]): Promise<void> {
    try {
      for (const [kind, ofKind] of byKind(documents)) {
        for (const chunk of chunks(ofKind)) await this.#forget(kind, namesOf(chunk));
        for (const chunk of chunks(ofKind)) await this.#write(kind, chunk);
      }
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  async delete(kind: string, ...names: readonly string[]): Promise<void> {
    for (const chunk of chunks([...new Set(names)])) {
      const existing = await this.#forget(kind, chunk);
      if (existing.length === 0) continue;
      await this.#db.deleteFrom('document').where('kind', '=', kind).where('name', 'in', existing).execute();
      for (const name of existing) this.#change(kind, name, undefined);
    }
  }

  /** Tells the draft that the database has taken back what the transaction changed. */
  undo(): void {
    for (const { kind, name, before } of this.#touched.values()) this.#draft.change(kind, name, before);
  }

  /** The net change of each document; a document that is as it was before is left out, and so are notes. */
  changes(): LoggedChange[] {
    const touched = [...this.#touched.values()].filter(
      ({ kind, before, after }) => !isNote(kind) && !sameBytes(before, after),
    );
    return touched.map(({ kind, name, after }) => ({ kind, name, body: after }));
  }

  /** Takes links and claims away from the documents that exist, and returns their names. */
  async #forget(kind: string, names: readonly string[]): Promise<string[]> {
    const unknown = names.filter((name) => !this.#touched.has(keyOf(kind, name)));
    const stored = await this.getMany(kind, unknown);
    for (const name of unknown) this.#note(kind, name, stored.get(name));
    const existing = names.filter((name) => this.#touch(kind, name).after !== undefined);
    if (existing.length > 0) {
      await this.#db.deleteFrom('link').where('kind', '=', kind).where('name', 'in', existing).execute();
      await this.#db.deleteFrom('claim').where('kind', '=', kind).where('name', 'in', existing).execute();
    }
    return existing;
  }

  async #write(kind: string, documents: readonly Put[]): Promise<void> {
    const claims = documents.flatMap(claimsOf);
    refuseRepeated(claims);
    const rows = documents.map(({ name, body }) => ({ kind, name, body }));
    const made = await writeDocuments(this.#db, { documents: rows, links: documents.flatMap(linksOf), claims });
    // The row lock on the store keeps others out, so what is free now stays free until the commit.
    if (made < claims.length) await this.#complain(claims);
    for (const { name, body } of documents) this.#change(kind, name, body);
  }

  /** Names the holder of the first claim that is another's. */
  async #complain(claims: readonly Claim[]): Promise<never> {
    for (const chunk of chunks(claims)) {
      const texts = chunk.map(({ claim }) => claim);
      const held = await this.#db.selectFrom('claim').selectAll().where('claim', 'in', texts).execute();
      const holders = new Map(held.map((each) => [each.claim, each]));
      for (const { claim, kind, name } of chunk) {
        const holder = holders.get(claim);
        if (holder && (holder.kind !== kind || holder.name !== name)) throw new ClaimTaken(claim, holder);
      }
    }
    throw new Error('a claim was refused that nobody has');
  }

  #note(kind: string, name: string, stored: Stored | undefined): void {
    this.#touched.set(keyOf(kind, name), { kind, name, before: stored?.body, after: stored?.body });
  }

  #change(kind: string, name: string, body: Uint8Array | undefined): void {
    this.#touch(kind, name).after = body;
    this.#draft.change(kind, name, body);
  }

  #touch(kind: string, name: string): Touched {
    const touched = this.#touched.get(keyOf(kind, name));
    if (!touched) throw new Error(`${name} was not read before it was written`);
    return touched;
  }
}

interface Claim {
  readonly claim: string;
  readonly kind: string;
  readonly name: string;
}

/** Throws when two of them are the same. */
function refuseRepeated(claims: readonly Claim[]): void {
  const holders = new Map<string, Claim>();
  for (const claim of claims) {
    const other = holders.get(claim.claim);
    if (other) throw new ClaimTaken(claim.claim, other);
    holders.set(claim.claim, claim);
  }
}

function claimsOf({ kind, name, claims = [] }: Put): Claim[] {
  return [...new Set(claims)].map((claim) => ({ claim, kind, name }));
}

function linksOf({ kind, name, links = {} }: Put): { kind: string; link: string; target: string; name: string }[] {
  return Object.entries(links).flatMap(([link, targets]) =>
    [...new Set(targets)].map((target) => ({ kind, link, target, name })),
  );
}

/** Of two documents of one name the last one counts, as if they were put one after the other. */
function byKind(documents: readonly Put[]): [string, Put[]][] {
  const kinds = new Map<string, Map<string, Put>>();
  for (const document of documents) {
    const ofKind = kinds.get(document.kind) ?? new Map<string, Put>();
    kinds.set(document.kind, ofKind.set(document.name, document));
  }
  return [...kinds].map(([kind, ofKind]) => [kind, [...ofKind.values()]]);
}

function namesOf(documents: readonly Put[]): string[] {
  return documents.map(({ name }) => name);
}

function keyOf(kind: string, name: string): string {
  return `${kind} ${name}`;
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.compare(a, b) === 0;
}
