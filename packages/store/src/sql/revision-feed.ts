import type { Logger } from '@portcullis/runtime';
import type { Engine } from './engine.js';
import { readRevision } from './log-table.js';

/** How often the newest revision is looked up, in milliseconds: covers commits that nobody announced. */
const pollMs = 1000;

interface RevisionFeedOptions {
  readonly engine: Engine;
  readonly log: Logger;
  /**
   * Whether this process is about to announce a revision itself. The database may tell of a commit before it answers who makes
   * it: listeners would read from there what memory has a moment later.
   */
  readonly isOwn: (revision: number) => boolean;
}

/**
 * Tells listeners of new revisions.
 *
 * Owns: the newest revision heard of and when the database last answered, the listeners, the poll.
 * Invariant: a listener hears ascending revisions; each revision is covered by an equal or newer one, at the latest
 * after one poll that succeeds.
 */
export class RevisionFeed {
  readonly #engine: Engine;
  readonly #log: Logger;
  readonly #listeners = new Set<(revision: number) => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #stopListening: () => Promise<void>;
  #newest = 0;
  #heardAt = Number.NEGATIVE_INFINITY;
  #polling: Promise<void> | undefined;

  constructor({ engine, log, isOwn }: RevisionFeedOptions) {
    this.#engine = engine;
    this.#log = log;
    this.#stopListening = engine.listen((revision) => {
      if (!isOwn(revision)) this.announce(revision);
    });
    this.#timer = setInterval(() => this.#poll(), pollMs);
    this.#timer.unref();
  }

  /** Milliseconds since the database was last heard of: of what others commit, so much may be missed. */
  get silentMs(): number {
    return performance.now() - this.#heardAt;
  }

  announce(revision: number): void {
    this.#heardAt = performance.now();
    if (revision <= this.#newest) return;
    this.#newest = revision;
    for (const listener of this.#listeners) {
      try {
        listener(revision);
      } catch (error) {
        this.#log.error({ err: error }, 'a listener for commits failed');
      }
    }
  }

  subscribe(listener: (revision: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#listeners.clear();
    await this.#stopListening();
    await this.#polling;
  }

  #poll(): void {
    this.#polling ??= this.#engine
      .snapshot(readRevision)
      .then((revision) => this.announce(revision))
      // Whoever uses the store meets the same error and reports it.
      .catch((error) => this.#log.debug({ err: error }, 'the newest revision cannot be read'))
      .finally(() => {
        this.#polling = undefined;
      });
  }
}
