import type { Stored } from '../store.js';
import { SortedNames } from './sorted-names.js';

/** Beyond ASCII the order of JavaScript's texts is not that of their bytes. */
const ascii = /^[\x20-\x7e]*$/;

/** Whether the name sorts here as it does in a database. */
function sortsByBytes(name: string): boolean {
  return ascii.test(name);
}

/** Compares names as a database does. */
export function compareNames(a: string, b: string): number {
  if (!sortsByBytes(a) || !sortsByBytes(b)) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Documents of one kind, by name and in the order of their names. */
export class SortedDocuments {
  readonly #byName = new Map<string, Stored>();
  readonly #names = new SortedNames();
  #isOrdered = true;

  /** Whether the order is that of the database. */
  get isOrdered(): boolean {
    return this.#isOrdered;
  }

  get(name: string): Stored | undefined {
    return this.#byName.get(name);
  }

  put(document: Stored): void {
    const { name } = document;
    if (!this.#byName.has(name)) {
      if (!sortsByBytes(name)) this.#isOrdered = false;
      this.#names.add(name);
    }
    this.#byName.set(name, document);
  }

  delete(name: string): void {
    if (this.#byName.delete(name)) this.#names.delete(name);
  }

  /** Those that begin with the prefix, after a name, at most so many. */
  list({ prefix, after, limit }: { prefix: string; after: string; limit: number }): Stored[] {
    const found: Stored[] = [];
    if (limit <= 0) return found;
    for (const name of this.#names.from(after > prefix ? after : prefix)) {
      if (name === after) continue;
      const document = name.startsWith(prefix) ? this.#byName.get(name) : undefined;
      if (document === undefined || found.push(document) === limit) break;
    }
    return found;
  }

  /** How many begin with the prefix; where all names are ordered. */
  count(prefix: string): number {
    return this.#names.countBetween(prefix, `${prefix}\x7f`);
  }
}
