import type { MemberDelta } from '@portcullis/compile';

interface Entry {
  readonly sequence: number;
  readonly delta: MemberDelta;
}

/** Changes kept of one set at most; who is further behind gets the whole set. */
const maxChanges = 4096;

/** Sets whose changes are kept at most, those that changed last. */
const maxSets = 16_384;

/**
 * What changed in each member set and address group, for hosts that had it before.
 *
 * Owns: the newest deltas by set. Does not own: the sets.
 */
export class MemberLog {
  readonly #logs = new Map<string, { entries: Entry[]; changeCount: number; floor: number }>();

  /** `floor` is the number of the commit before. */
  append(key: string, delta: MemberDelta, sequence: number): void {
    const log = this.#logs.get(key) ?? { entries: [], changeCount: 0, floor: sequence - 1 };
    // Last, so that the first one is the one that has not changed for longest.
    this.#logs.delete(key);
    this.#logs.set(key, log);
    for (const [first] of this.#logs) {
      if (this.#logs.size <= maxSets) break;
      this.#logs.delete(first);
    }
    log.entries.push({ sequence, delta });
    log.changeCount += sizeOf(delta);
    while (log.changeCount > maxChanges) {
      const oldest = log.entries.shift();
      if (oldest === undefined) break;
      log.changeCount -= sizeOf(oldest.delta);
      log.floor = oldest.sequence;
    }
  }

  /** The net change after a number; undefined when the log does not reach back. */
  since(key: string, sequence: number): MemberDelta | undefined {
    const log = this.#logs.get(key);
    if (log === undefined || sequence < log.floor) return undefined;
    const net = new Map<string, boolean>();
    for (const { delta } of log.entries.filter((entry) => entry.sequence > sequence)) {
      for (const address of delta.added) net.set(address, true);
      for (const address of delta.removed) net.set(address, false);
    }
    const pick = (added: boolean) => [...net].flatMap(([address, isIn]) => (isIn === added ? [address] : []));
    return { added: pick(true), removed: pick(false) };
  }
}

function sizeOf({ added, removed }: MemberDelta): number {
  return added.length + removed.length;
}
