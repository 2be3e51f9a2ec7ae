/** Objects that are remembered at most; a host that has slept through more of them gets a snapshot. */
const maxObjects = 65_536;

/**
 * Which objects of one host changed since when.
 *
 * Owns: per object the sequence number of its last change, also of objects that are gone.
 * Does not own: the objects.
 * Invariant: bounded by the number of objects, never by the number of changes, however many come and go.
 */
export class DirtyLog<Key> {
  readonly #latest = new Map<Key, number>();
  #entries: { readonly sequence: number; readonly key: Key }[] = [];
  /** Objects that went before this number are forgotten: who has an older state needs a snapshot. */
  #floor: number;

  constructor(floor: number) {
    this.#floor = floor;
  }

  mark(key: Key, sequence: number): void {
    if (this.#latest.size >= maxObjects) this.forget(sequence);
    this.#latest.set(key, sequence);
    this.#entries.push({ key, sequence });
    if (this.#entries.length > 64 + 2 * this.#latest.size) {
      this.#entries = this.#entries.filter((entry) => this.#latest.get(entry.key) === entry.sequence);
    }
  }

  /** The objects that changed after a number, each once; undefined when it is too long ago to tell. */
  since(sequence: number): Key[] | undefined {
    if (sequence < this.#floor) return undefined;
    const keys: Key[] = [];
    for (let i = this.#entries.length - 1; i >= 0; i -= 1) {
      const entry = this.#entries[i];
      if (entry === undefined || entry.sequence <= sequence) break;
      if (this.#latest.get(entry.key) === entry.sequence) keys.push(entry.key);
    }
    return keys.reverse();
  }

  /** Forgets changes up to a number, which the host has taken in. */
  forget(sequence: number): void {
    if (sequence <= this.#floor) return;
    this.#floor = sequence;
    for (const [key, at] of this.#latest) if (at <= sequence) this.#latest.delete(key);
    this.#entries = this.#entries.filter((entry) => entry.sequence > sequence);
  }
}
