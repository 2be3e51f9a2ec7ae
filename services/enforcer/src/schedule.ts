/** What is to be done when, each kind at most once. */
export class Schedule<Job extends string> {
  readonly #dueAt = new Map<Job, number>();
  readonly #order: readonly Job[];

  /** `order`: what is done first of several that are due. */
  constructor(order: readonly Job[]) {
    this.#order = order;
  }

  /** Moves a job to a time, whatever it was. */
  set(job: Job, at: number | undefined): void {
    if (at === undefined) this.#dueAt.delete(job);
    else this.#dueAt.set(job, at);
  }

  /** Moves a job to an earlier time, never to a later one. */
  advance(job: Job, at: number): void {
    this.#dueAt.set(job, Math.min(at, this.#dueAt.get(job) ?? at));
  }

  /** Takes the first job that is due. */
  take(now: number): Job | undefined {
    const job = this.#order.find((each) => (this.#dueAt.get(each) ?? Number.POSITIVE_INFINITY) <= now);
    if (job !== undefined) this.#dueAt.delete(job);
    return job;
  }

  /** Milliseconds until the next job is due; at most `longestMs`. */
  pauseMs(now: number, longestMs: number): number {
    return Math.max(Math.min(longestMs, ...[...this.#dueAt.values()].map((at) => at - now)), 0);
  }
}
