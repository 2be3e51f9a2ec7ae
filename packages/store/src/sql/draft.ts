import { isNote, type ListQuery, type Stored } from '../store.js';
import type { Claims, Holder } from './claims.js';
import type { Engine } from './engine.js';
import type { Replica } from './replica.js';
import { compareNames } from './sorted-documents.js';
import { chunks } from './sql-reading.js';
import type { Sql, Tables } from './tables.js';

/** A document as a group has left it, or has found it. */
export interface Drafted {
  /** Undefined: deleted, or not there. */
  readonly body: Uint8Array | undefined;
  /** Undefined: as the database has them. */
  readonly links: Readonly<Record<string, readonly string[]>> | undefined;
}

/** A document as a transaction leaves it. */
interface Kept {
  readonly body: Uint8Array | undefined;
  readonly links: Readonly<Record<string, readonly string[]>>;
  readonly claims: readonly string[];
}

/** A document as it was. */
export interface Former extends Holder {
  readonly drafted: Drafted | undefined;
  readonly claims: readonly string[];
}

/**
 * What the transactions of a group find, and make of it: the replica as the group met it, and what they have changed since.
 * They change memory; the database is told of all their changes together.
 *
 * Owns: what the group has changed, or has read in the database, by kind and name; what of it the database does not know yet;
 * while the group is under way, the claims of the replica.
 * Does not own: links and notes that the group has not touched, which are in the database only.
 * Invariants: 1. The replica is at the revision that the group read under the lock of the store, so nobody has committed what
 * it lacks, and nobody can until the group ends. 2. What one transaction has not kept, the database is told of behind a
 * savepoint only.
 */
export class Draft {
  readonly #engine: Engine;
  readonly #replica: Replica;
  readonly #documents = new Map<string, Map<string, Drafted>>();
  /** By kind and name: as the transaction that kept it has left it, whatever the one under way makes of it. */
  readonly #unwritten = new Map<string, Map<string, Kept>>();
  readonly #written = new Map<string, Set<string>>();
  /** The claims of what the group has touched, as it met them. */
  readonly #metClaims = new Map<string, Former>();
  #failure: unknown;

  constructor(engine: Engine, replica: Replica) {
    this.#engine = engine;
    this.#replica = replica;
  }

  get claims(): Claims {
    return this.#replica.claims;
  }

  /** What the group knows of a document, beside the replica. */
  drafted(kind: string, name: string): Drafted | undefined {
    return this.#documents.get(kind)?.get(name);
  }

  /** Not for notes that the group has neither read nor changed. */
  get(kind: string, name: string): Stored | undefined {
    const drafted = this.drafted(kind, name);
    if (drafted === undefined) return isNote(kind) ? undefined : this.#replica.get(kind, name);
    return drafted.body && { kind, name, body: drafted.body };
  }

  /** What a document was before a transaction touches it, to be restored if that fails. */
  former({ kind, name }: Holder): Former {
    const former = { kind, name, drafted: this.drafted(kind, name), claims: this.claims.of({ kind, name }) };
    const key = `${kind} ${name}`;
    if (!this.#metClaims.has(key)) this.#metClaims.set(key, former);
    return former;
  }

  set(kind: string, name: string, drafted: Drafted): void {
    const ofKind = this.#documents.get(kind) ?? new Map<string, Drafted>();
    this.#documents.set(kind, ofKind.set(name, drafted));
  }

  /** Takes back what one transaction has changed. */
  restore(documents: readonly Former[]): void {
    for (const { kind, name, drafted } of documents) {
      if (drafted) this.set(kind, name, drafted);
      else this.#documents.get(kind)?.delete(name);
    }
    restoreClaims(this.claims, documents);
  }

  /** Ends a group of which nothing is committed. */
  abandon(): void {
    restoreClaims(this.claims, [...this.#metClaims.values()]);
  }

  /** Whether it can list and count documents of a kind. */
  knowsOrder(kind: string): boolean {
    return !isNote(kind) && this.#replica.isOrdered(kind);
  }

  /** By name, where it knows the order. */
  list(query: Omit<ListQuery, 'link'>): Stored[] {
    return this.merge(query, this.#replica.list({ ...query, limit: this.limitOf(query) }));
  }

  /** How many documents must be found for `merge` to be right: as many more as the group may have deleted. */
  limitOf({ kind, limit }: Pick<ListQuery, 'kind' | 'limit'>): number {
    return limit + (this.#documents.get(kind)?.size ?? 0);
  }

  /** What was found elsewhere, together with what the group has changed. */
  merge({ kind, prefix = '', link, after = '', limit }: ListQuery, found: readonly Stored[]): Stored[] {
    const merged = new Map(found.map((document) => [document.name, document]));
    let added = false;
    for (const [name, { body, links }] of this.#documents.get(kind) ?? []) {
      // Read and not changed: it was found if it is asked for.
      if (links === undefined) continue;
      merged.delete(name);
      const isLinked = link === undefined || links[link.name]?.includes(link.target);
      if (body === undefined || !isLinked || !name.startsWith(prefix) || compareNames(name, after) <= 0) continue;
      merged.set(name, { kind, name, body });
      added = true;
    }
    const documents = [...merged.values()];
    if (added) documents.sort((a, b) => compareNames(a.name, b.name));
    return documents.slice(0, limit);
  }

  count(kind: string, prefix: string): number {
    let count = this.#replica.count(kind, prefix);
    for (const [name, { body }] of this.#documents.get(kind) ?? []) {
      if (!name.startsWith(prefix)) continue;
      count += Number(body !== undefined) - Number(this.#replica.get(kind, name) !== undefined);
    }
    return count;
  }

  /** A document that was changed stays as it is now: the database is to be told. */
  keep(document: Holder): void {
    const { kind, name } = document;
    const { body, links = {} } = this.drafted(kind, name) ?? { body: undefined };
    const ofKind = this.#unwritten.get(kind) ?? new Map<string, Kept>();
    this.#unwritten.set(kind, ofKind.set(name, { body, links, claims: this.claims.of(document) }));
  }

  /** Whether there is anything about documents of a kind that the database does not know. */
  hasUnwritten(kind: string): boolean {
    return this.#unwritten.has(kind);
  }

  /** Tells the database of all that was kept, and what the log says of it. After a failure the group cannot go on. */
  async write(db: Sql, log: readonly Tables['log'][] = []): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#unwritten.size === 0 && log.length === 0) return;
    const stored: Holder[] = [];
    const deleted: Holder[] = [];
    const rows = {
      documents: [] as Tables['document'][],
      links: [] as Tables['link'][],
      claims: [] as Tables['claim'][],
    };
    for (const [kind, ofKind] of this.#unwritten) {
      for (const [name, { body, links, claims }] of ofKind) {
        if (this.#mayBeStored({ kind, name })) stored.push({ kind, name });
        add(this.#written, { kind, name });
        if (body) rows.documents.push({ kind, name, body });
        else deleted.push({ kind, name });
        for (const [link, targets] of Object.entries(links)) {
          for (const target of new Set(targets)) rows.links.push({ kind, link, target, name });
        }
        for (const claim of claims) rows.claims.push({ claim, kind, name });
      }
    }
    this.#unwritten.clear();
    try {
      await remove(db, 'link', stored);
      await remove(db, 'claim', stored);
      await remove(db, 'document', deleted);
      await this.#engine.insert(db, { ...rows, log });
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }

  #mayBeStored({ kind, name }: Holder): boolean {
    // Nobody knows which notes there are.
    if (isNote(kind) || this.#written.get(kind)?.has(name)) return true;
    return this.#replica.get(kind, name) !== undefined;
  }
}

function restoreClaims(claims: Claims, documents: readonly Former[]): void {
  for (const document of documents) claims.set(document, []);
  for (const { kind, name, claims: former } of documents) claims.set({ kind, name }, former);
}

function add(names: Map<string, Set<string>>, { kind, name }: Holder): void {
  const ofKind = names.get(kind) ?? new Set<string>();
  names.set(kind, ofKind.add(name));
}

async function remove(db: Sql, table: 'document' | 'link' | 'claim', documents: readonly Holder[]): Promise<void> {
  const names = new Map<string, Set<string>>();
  for (const document of documents) add(names, document);
  for (const [kind, ofKind] of names) {
    for (const chunk of chunks([...ofKind])) {
      await db.deleteFrom(table).where('kind', '=', kind).where('name', 'in', chunk).execute();
    }
  }
}
