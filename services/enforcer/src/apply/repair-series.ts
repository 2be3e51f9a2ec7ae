import type { Writer } from '../kernel/kernel-tools.js';

/** So many repairs in a series are somebody who keeps undoing what is enforced. */
const repeated = 3;
/** Programs that are named. */
const maxPrograms = 5;

/**
 * Repairs that follow each other closely.
 *
 * Owns: how many, when the last one was, and who was seen.
 * Invariants: 1. The longest pause is shorter than the calm that ends a series: it is not ended by waiting. 2. Bounded.
 */
export class RepairSeries {
  readonly #driftIntervalMs: number;
  #count = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #programs: readonly string[] = [];

  constructor(driftIntervalMs: number) {
    this.#driftIntervalMs = driftIntervalMs;
  }

  add(now: number, writers: readonly Writer[]): void {
    if (!this.#isGoingOn(now)) {
      this.#count = 0;
      this.#programs = [];
    }
    this.#count += 1;
    this.#lastAt = now;
    const seen = new Set([...this.#programs, ...writers.map(({ program }) => program)]);
    this.#programs = [...seen].slice(-maxPrograms).toSorted();
  }

  /** Before then nothing is repaired: who fights for ever costs the host more than it protects. */
  get nextRepairAt(): number {
    const over = this.#count - repeated;
    if (over < 0) return Number.NEGATIVE_INFINITY;
    return this.#lastAt + Math.min((this.#driftIntervalMs / 10) * 2 ** Math.min(over, 20), 3 * this.#driftIntervalMs);
  }

  /** What to tell people while somebody keeps undoing what is enforced; undefined while nobody does. */
  complaint(now: number): string | undefined {
    if (this.#count < repeated || !this.#isGoingOn(now)) return undefined;
    const who = this.#programs.length === 0 ? 'something on this host' : this.#programs.join(', ');
    return `${who} keeps changing rules or sets of Portcullis; they are repaired, ever less often: find and stop it`;
  }

  #isGoingOn(now: number): boolean {
    return now - this.#lastAt < 6 * this.#driftIntervalMs;
  }
}
