import { isNote, type ListQuery, type Stored } from '../store.js';
import type { Replica } from './replica.js';
import { sortsByBytes } from './sorted-documents.js';

/**
 * What the transactions of a group find in memory: the replica as the group met it, and what they have changed since.
 *
 * Owns: what the group has changed, or read where the replica does not know, by kind and name; it ends with the group.
 * Does not own: links, claims and notes, which are in the database only.
 * Invariants: 1. Where it knows, it answers what the database would answer inside the group's transaction. It knows only while
 * the replica is at the revision that the group read under the lock of the store: then nobody has committed what it lacks.
 * 2. What it took from the database stays true until the group ends, for the same reason.
 */
export class Draft {
  readonly #replica: Replica;
  readonly #revision: number;
  /** A body, or undefined for what was deleted. */
  readonly #changes = new Map<string, Map<string, Uint8Array | undefined>>();
  #isOrdered = true;

  /** `revision`: the newest one, read under the lock. */
  constructor(replica: Replica, revision: number) {
    this.#replica = replica;
    this.#revision = revision;
  }

  /** Whether it can answer for documents of a kind. */
  knows(kind: string): boolean {
    return this.#replica.revision === this.#revision && !isNote(kind);
  }

  /** Whether it can also list and count them. */
  knowsOrder(kind: string): boolean {
    return this.knows(kind) && this.#isOrdered && this.#replica.isOrdered(kind);
  }

  /** Whether it can answer for one document: also for one that the group has changed, or has read in the database. */
  knowsDocument(kind: string, name: string): boolean {
    return this.knows(kind) || this.#changes.get(kind)?.has(name) === true;
  }

  /** Notes a change that the database was told of, or took back; or what it said, which nobody else can change now. */
  change(kind: string, name: string, body: Uint8Array | undefined): void {
    const changes = this.#changes.get(kind) ?? new Map<string, Uint8Array | undefined>();
    this.#changes.set(kind, changes.set(name, body));
    this.#isOrdered &&= sortsByBytes(name);
  }

  get(kind: string, name: string): Stored | undefined {
    const changes = this.#changes.get(kind);
    if (!changes?.has(name)) return this.#replica.get(kind, name);
    const body = changes.get(name);
    return body && { kind, name, body };
  }

  /** By name; not by link. */
  list({ kind, prefix = '', after = '', limit }: Omit<ListQuery, 'link'>): Stored[] {
    const changes = [...(this.#changes.get(kind) ?? [])].filter(([name]) => name > after && name.startsWith(prefix));
    // As many more as may have been deleted since.
    const found = this.#replica.list({ kind, prefix, after, limit: limit + changes.length });
    if (changes.length === 0) return found;
    const merged = new Map(found.map((document) => [document.name, document]));
    for (const [name, body] of changes) {
      if (body) merged.set(name, { kind, name, body });
      else merged.delete(name);
    }
    return [...merged.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, limit);
  }

  count(kind: string, prefix: string): number {
    let count = this.#replica.count(kind, prefix);
    for (const [name, body] of this.#changes.get(kind) ?? []) {
      if (!name.startsWith(prefix)) continue;
      count += Number(body !== undefined) - Number(this.#replica.get(kind, name) !== undefined);
    }
    return count;
  }
}
