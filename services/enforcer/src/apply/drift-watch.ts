import type { SavedKernel } from '@portcullis/plan';
import type { KernelTools } from '../kernel/kernel-tools.js';
import type { Enforcement, Repaired } from './enforcement.js';

export interface DriftWatchOptions {
  readonly tools: KernelTools;
  readonly enforcement: Enforcement;
  /** The kernel has been read, or could not be: time for `repair`. */
  readonly onRead: () => void;
  readonly onError: (error: unknown) => void;
}

/** Drift in so many looks in a row is somebody who keeps undoing what is enforced. */
const repeatedDrift = 3;
/** Readings that a write has overtaken before one is made that nothing overtakes. */
const maxOvertaken = 3;

/**
 * Looks whether the kernel still holds what was applied.
 *
 * Owns: the last reading, and in how many looks in a row something was found.
 * Does not own: the repair (Enforcement), and when to look.
 * Invariants: 1. The kernel is read beside everything else: a large one takes a while, and nobody waits for it. 2. A reading
 * that a write has overtaken says nothing and repairs nothing.
 */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  #observed: { saved: SavedKernel; writeCount: number } | undefined;
  #isReading = false;
  #overtaken = 0;
  #driftCount = 0;

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  /** Whether something on this host keeps changing what is repaired. */
  get isRepeated(): boolean {
    return this.#driftCount >= repeatedDrift;
  }

  /** Begins to read. Resolves at once, unless too many readings in a row were overtaken. */
  async read(): Promise<void> {
    const { tools, enforcement, onRead, onError } = this.#options;
    if (this.#isReading) return;
    this.#isReading = true;
    const { writeCount } = enforcement;
    const reading = tools
      .read()
      .then((saved) => {
        this.#observed = { saved, writeCount };
      }, onError)
      .then(() => {
        this.#isReading = false;
        onRead();
      });
    if (this.#overtaken >= maxOvertaken) await reading;
  }

  /** Repairs what was found. `overtaken` means that the kernel has to be read again. */
  async repair(): Promise<Repaired | 'clean' | 'overtaken'> {
    const observed = this.#observed;
    this.#observed = undefined;
    if (observed === undefined) return 'clean';
    if (observed.writeCount !== this.#options.enforcement.writeCount) {
      this.#overtaken += 1;
      return 'overtaken';
    }
    this.#overtaken = 0;
    const repaired = await this.#options.enforcement.repair(observed.saved);
    this.#driftCount = repaired === undefined ? 0 : this.#driftCount + 1;
    return repaired ?? 'clean';
  }
}
