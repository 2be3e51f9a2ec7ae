import type { SavedKernel } from '@portcullis/plan';
import type { KernelTools, Writer } from '../kernel/kernel-tools.js';
import type { Enforcement, Repaired } from './enforcement.js';
import { RepairSeries } from './repair-series.js';

export interface DriftWatchOptions {
  readonly tools: KernelTools;
  readonly enforcement: Enforcement;
  readonly driftIntervalMs: number;
  /** The kernel has been read, or could not be: time for `repair`. */
  readonly onRead: () => void;
  /** Something of ours may have changed: time for `read`, at `nextReadAt`. */
  readonly onNews: () => void;
  /** How an attempt to look has ended; undefined: well. */
  readonly onLooked: (attempt: 'read' | 'count', error: Error | undefined) => void;
}

/** What was repaired, and who had changed it, as far as the kernel says. */
export interface RepairedDrift extends Repaired {
  readonly changedBy: readonly Writer[];
}

/** Readings that a write has overtaken before one is made that nothing overtakes. */
const maxOvertaken = 3;
/** From the first word of a change to the look at it: a program seldom changes one thing only. */
const settleMs = 50;
/** Programs that change rules all day must not make the host read all day: pauses are so many times as long as reading. */
const pausesPerRead = 4;
const leastPauseMs = 250;
const maxWriters = 5;

/**
 * Looks whether the kernel still holds what was applied.
 *
 * Owns: the last reading, who has written since the one before, and the series of repairs.
 * Does not own: the repair (Enforcement), and when to look.
 * Invariants: 1. The kernel is read beside everything else: a large one takes a while, and nobody waits for it. 2. A reading
 * that a write has overtaken says nothing and repairs nothing. 3. After word of a change a reading begins, however many
 * were going on.
 */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  readonly #series: RepairSeries;
  #observed: { saved: SavedKernel; writeCount: number } | undefined;
  #isReading = false;
  #isCounting = false;
  #overtaken = 0;
  #pauseUntil = 0;
  /** Since the last reading began, and before: who may have changed what is found. */
  #hasNews = false;
  #writers: Writer[] = [];

  constructor(options: DriftWatchOptions) {
    this.#options = options;
    this.#series = new RepairSeries(options.driftIntervalMs);
    options.tools.watch((writer) => this.#hear(writer));
  }

  /** What to tell people while something on this host keeps changing what is repaired. */
  get complaint(): string | undefined {
    return this.#series.complaint(performance.now());
  }

  /** Before then there is no look: whoever keeps undoing what is repaired is answered ever less often. */
  get backOffUntil(): number {
    return this.#series.nextRepairAt;
  }

  /** When to look because of news; undefined where there are none. */
  get nextReadAt(): number | undefined {
    return this.#hasNews ? Math.max(performance.now() + settleMs, this.#pauseUntil, this.backOffUntil) : undefined;
  }

  /** Begins to read. Resolves at once, unless too many readings in a row were overtaken. */
  async read(): Promise<void> {
    const { tools, enforcement, onRead, onLooked } = this.#options;
    if (this.#isReading) return;
    this.#isReading = true;
    const isForNews = this.#hasNews;
    this.#hasNews = false;
    const { writeCount } = enforcement;
    const startedAt = performance.now();
    const reading = tools
      .read()
      .then(
        (saved) => {
          this.#observed = { saved, writeCount };
          onLooked('read', undefined);
        },
        (error) => onLooked('read', asError(error)),
      )
      .then(() => {
        const now = performance.now();
        // Looks by the timer are few: news need not wait because of one.
        if (isForNews) this.#pauseUntil = now + Math.max(leastPauseMs, pausesPerRead * (now - startedAt));
        this.#isReading = false;
        onRead();
      });
    if (this.#overtaken >= maxOvertaken) await reading;
  }

  /** Begins to count the members of sets; the kernel tells nobody when they change. */
  count(): void {
    const { tools, enforcement, onNews, onLooked } = this.#options;
    if (this.#isCounting) return;
    this.#isCounting = true;
    const { writeCount } = enforcement;
    const counting = tools.countMembers().then(
      (counts) => {
        onLooked('count', undefined);
        if (writeCount !== enforcement.writeCount || enforcement.holds(counts)) return;
        this.#hasNews = true;
        onNews();
      },
      (error) => onLooked('count', asError(error)),
    );
    void counting.finally(() => {
      this.#isCounting = false;
    });
  }

  /** Repairs what was found. `overtaken` means that the kernel has to be read again. */
  async repair(): Promise<RepairedDrift | 'clean' | 'overtaken'> {
    const observed = this.#observed;
    this.#observed = undefined;
    if (observed === undefined) return 'clean';
    if (observed.writeCount !== this.#options.enforcement.writeCount) {
      this.#overtaken += 1;
      return 'overtaken';
    }
    this.#overtaken = 0;
    const writers = this.#writers;
    // Whoever wrote while the kernel was read may be the one whose change the next reading finds.
    if (!this.#hasNews) this.#writers = [];
    const repaired = await this.#options.enforcement.repair(observed.saved);
    if (repaired === undefined) return 'clean';
    // The kernel says who writes rules, not who writes sets.
    const changedBy = repaired.diff.rules.length > 0 ? writers : [];
    this.#series.add(performance.now(), changedBy);
    return { ...repaired, changedBy };
  }

  #hear(writer: Writer | undefined): void {
    if (writer !== undefined && !this.#writers.some(({ pid }) => pid === writer.pid)) {
      this.#writers = [...this.#writers, writer].slice(-maxWriters);
    }
    this.#hasNews = true;
    this.#options.onNews();
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
