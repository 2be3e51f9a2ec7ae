import type { Stored } from '../store.js';

/** Beyond ASCII the order of JavaScript's texts is not that of their bytes. */
const ascii = /^[\x20-\x7e]*$/;

/** Whether the name sorts here as it does in a database. */
export function sortsByBytes(name: string): boolean {
  return ascii.test(name);
}

/** Documents of one kind, by name and in the order of their names. */
export class SortedDocuments {
  readonly #byName = new Map<string, Stored>();
  /** Ascending. */
  readonly #names: string[] = [];
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
      this.#names.splice(this.#position(name), 0, name);
    }
    this.#byName.set(name, document);
  }

  delete(name: string): void {
    if (this.#byName.delete(name)) this.#names.splice(this.#position(name), 1);
  }

  /** Those that begin with the prefix, after a name, at most so many. */
  list({ prefix, after, limit }: { prefix: string; after: string; limit: number }): Stored[] {
    const found: Stored[] = [];
    let position = this.#position(after > prefix ? after : prefix);
    if (this.#names[position] === after) position += 1;
    for (; found.length < limit; position += 1) {
      const name = this.#names[position];
      const document = name?.startsWith(prefix) ? this.#byName.get(name) : undefined;
      if (document === undefined) break;
      found.push(document);
    }
    return found;
  }

  /** How many begin with the prefix; where all names are ordered. */
  count(prefix: string): number {
    return this.#position(`${prefix}\x7f`) - this.#position(prefix);
  }

  /** Where a name is, or would be. */
  #position(name: string): number {
    let low = 0;
    let high = this.#names.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#names[middle] ?? '') < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
