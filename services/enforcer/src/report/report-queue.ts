import type { enforceV1 } from '@portcullis/api';
import { type Applied, diffApplied } from '@portcullis/plan';
import { changeCount, encodeReport, maxChangesPerReport, type Report } from './report.js';

interface Entry {
  readonly message: enforceV1.HostReport;
  /** What the kernel held after the report; set on its last message. */
  readonly after: Applied | undefined;
  readonly isFirst: boolean;
}

export interface ReportQueueOptions {
  /** Messages kept while the dispatcher is away. Default: 1 000. */
  readonly maxMessages?: number;
  /** Changes kept while the dispatcher is away. Default: 50 000. */
  readonly maxChanges?: number;
}

/**
 * Reports that the dispatcher has not taken yet, in order.
 *
 * Owns: messages, and what the kernel held after the last one that was taken.
 * Does not own: sending.
 * Invariants: 1. Replayed in order, what is taken gives what the kernel holds. 2. Bounded: when there is too much, all that
 * nobody has begun to send becomes one report, whose diff leads from what was told last to what holds now.
 */
export class ReportQueue {
  readonly #maxMessages: number;
  readonly #maxChanges: number;
  #entries: Entry[] = [];
  #sendingCount = 0;
  #taken: Applied | undefined;

  constructor({ maxMessages = 1000, maxChanges = 50_000 }: ReportQueueOptions = {}) {
    this.#maxMessages = maxMessages;
    this.#maxChanges = maxChanges;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** `before` and `after`: what the kernel held, as far as it was told, on both sides of the report. */
  push(report: Report, { before, after }: { before: Applied; after: Applied }): void {
    this.#taken ??= before;
    this.#append(report, after);
    if (this.#isFull()) this.#collapse(report, after);
  }

  /** The messages to send next: as many as one call may carry. They stay until `taken`. */
  next(): enforceV1.HostReport[] {
    let changes = 0;
    let count = 0;
    for (const { message } of this.#entries) {
      changes += changeCount(message);
      if (count > 0 && changes > maxChangesPerReport) break;
      count += 1;
    }
    this.#sendingCount = count;
    return this.#entries.slice(0, count).map(({ message }) => message);
  }

  /** The dispatcher has taken what `next` gave. */
  taken(): void {
    for (const { after } of this.#entries.slice(0, this.#sendingCount)) this.#taken = after ?? this.#taken;
    this.#entries = this.#entries.slice(this.#sendingCount);
    this.#sendingCount = 0;
  }

  /** It is not known whether the dispatcher has taken what `next` gave: it is given again. */
  failed(): void {
    this.#sendingCount = 0;
  }

  #append(report: Report, after: Applied): void {
    const messages = encodeReport(report);
    messages.forEach((message, i) => {
      this.#entries.push({ message, after: i === messages.length - 1 ? after : undefined, isFirst: i === 0 });
    });
  }

  #isFull(): boolean {
    const changes = this.#entries.reduce((sum, { message }) => sum + changeCount(message), 0);
    return this.#entries.length > this.#maxMessages || changes > this.#maxChanges;
  }

  #collapse(report: Report, after: Applied): void {
    const kept = this.#begunCount();
    const dropped = this.#entries.slice(kept);
    // One report alone is as short as it can be.
    if (dropped.filter(({ isFirst }) => isFirst).length < 2) return;
    const base = this.#entries.slice(0, kept).findLast((entry) => entry.after !== undefined)?.after ?? this.#taken;
    this.#entries = this.#entries.slice(0, kept);
    this.#append({ ...report, cause: 'change', diff: diffApplied(base ?? after, after) }, after);
  }

  /** Messages that may have been sent, and the rest of a report whose first message may have been. */
  #begunCount(): number {
    let count = this.#sendingCount;
    while (this.#entries[count]?.isFirst === false) count += 1;
    return count;
  }
}
