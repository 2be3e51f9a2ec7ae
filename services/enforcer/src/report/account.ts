import { type Generation, isSameGeneration } from '../desired/generation.js';
import { areSameFailures, type Failure } from './failure.js';
import type { Report } from './report.js';
import type { Reporter } from './reporter.js';

/**
 * How far this host has come with what it is to enforce, and what it has said of that.
 *
 * Owns: what is not in force, the last generation that was in force without a failure, and which failures of which
 * generation were reported last.
 * Does not own: what has changed in the kernel (Enforcement), and when reports are sent (Reporter).
 */
export class Account {
  readonly #reporter: Reporter;
  #failures: readonly Failure[] = [];
  #lastGood: Generation | undefined;
  #reported: { readonly generation: Generation; readonly failures: readonly Failure[] } | undefined;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** What is not in force, and why; none where everything is. */
  get failures(): readonly Failure[] {
    return this.#failures;
  }

  /** The newest generation that was in force without any failure. */
  get lastGood(): Generation | undefined {
    return this.#lastGood;
  }

  /** An attempt has ended so. */
  take(failures: readonly Failure[], generation: Generation | undefined): void {
    this.#failures = failures;
    if (failures.length === 0) this.#lastGood = generation;
  }

  /** Whether the last report was about this generation and what is not in force now. */
  isReported(generation: Generation): boolean {
    const reported = this.#reported;
    if (reported === undefined || !isSameGeneration(reported.generation, generation)) return false;
    return areSameFailures(reported.failures, this.#failures);
  }

  /** `kernel`: what it held, as far as it was told, on both sides of the report. */
  report(done: Omit<Report, 'failures' | 'lastGood' | 'at'>, kernel: Parameters<Reporter['push']>[1]): void {
    const [failures, lastGood] = [this.#failures, this.#lastGood];
    this.#reported = { generation: done.generation, failures };
    this.#reporter.push({ ...done, failures, lastGood, at: new Date() }, kernel);
  }
}
