/** Counts uses of keys. */
export class CountMap<Key> {
  readonly #counts = new Map<Key, number>();

  /** Adds `by` uses, which may be negative; returns whether the key came into use or went out of it. */
  add(key: Key, by: 1 | -1): boolean {
    const before = this.#counts.get(key) ?? 0;
    const after = before + by;
    if (after < 0) throw new RangeError(`more uses removed than added: ${String(key)}`);
    if (after === 0) this.#counts.delete(key);
    else this.#counts.set(key, after);
    return (before === 0) !== (after === 0);
  }

  get size(): number {
    return this.#counts.size;
  }

  has(key: Key): boolean {
    return this.#counts.has(key);
  }

  keys(): Iterable<Key> {
    return this.#counts.keys();
  }
}

/** Sets by key, without empty ones. */
export class MultiMap<Key, Value> {
  readonly #values = new Map<Key, Set<Value>>();

  add(key: Key, value: Value): void {
    const values = this.#values.get(key);
    if (values) values.add(value);
    else this.#values.set(key, new Set([value]));
  }

  delete(key: Key, value: Value): void {
    const values = this.#values.get(key);
    values?.delete(value);
    if (values?.size === 0) this.#values.delete(key);
  }

  get(key: Key): ReadonlySet<Value> {
    return this.#values.get(key) ?? empty;
  }
}

const empty: ReadonlySet<never> = new Set();
