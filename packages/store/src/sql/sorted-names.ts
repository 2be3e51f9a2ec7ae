/** Names in a block at most: a name put into the middle of one moves half as many. */
const maxBlock = 512;

/** A place between names: before the one at `index` of a block. */
interface Position {
  readonly block: number;
  readonly index: number;
}

/**
 * Different names in ascending order.
 *
 * Owns: the names, in blocks, so that one that comes or goes moves the names of its block only, however many there are.
 * Invariant: no block is empty but the only one.
 */
export class SortedNames {
  readonly #blocks: string[][] = [[]];

  /** A name that is not there yet. */
  add(name: string): void {
    const { block, index } = this.#position(name);
    const names = this.#blocks[block] ?? [];
    names.splice(index, 0, name);
    if (names.length > maxBlock) this.#blocks.splice(block + 1, 0, names.splice(names.length >>> 1));
  }

  /** A name that is there. */
  delete(name: string): void {
    const { block, index } = this.#position(name);
    const names = this.#blocks[block] ?? [];
    names.splice(index, 1);
    if (names.length === 0 && this.#blocks.length > 1) this.#blocks.splice(block, 1);
  }

  /** A name and those after it. */
  *from(name: string): Generator<string> {
    let { block, index } = this.#position(name);
    for (; block < this.#blocks.length; block += 1) {
      const names = this.#blocks[block] ?? [];
      for (; index < names.length; index += 1) yield names[index] ?? '';
      index = 0;
    }
  }

  /** How many are not before the one name but before the other. */
  countBetween(from: string, to: string): number {
    const [start, end] = [this.#position(from), this.#position(to)];
    let count = end.index - start.index;
    for (let block = start.block; block < end.block; block += 1) count += this.#blocks[block]?.length ?? 0;
    return count;
  }

  /** Where a name is, or would be. */
  #position(name: string): Position {
    // The last block that begins before the name or with it.
    const block = Math.max(0, lowest(this.#blocks.length, (i) => (this.#blocks[i]?.[0] ?? '') > name) - 1);
    const names = this.#blocks[block] ?? [];
    return { block, index: lowest(names.length, (i) => (names[i] ?? '') >= name) };
  }
}

/** The lowest number below `end` for which a condition holds that holds for all after it, or `end`. */
function lowest(end: number, holds: (i: number) => boolean): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
