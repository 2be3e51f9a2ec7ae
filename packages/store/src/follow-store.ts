import type { ListQuery, LoggedCommit, Store, Stored } from './store.js';

/** What happens to a store: a snapshot at a revision, then each commit in order. */
export type StoreEvent =
  /** A snapshot begins: what was said before is void. Not only at the beginning. */
  | { readonly case: 'snapshotStarted' }
  | { readonly case: 'document'; readonly document: Stored }
  /** The snapshot is complete, at this revision. */
  | { readonly case: 'snapshotCompleted'; readonly revision: number }
  | { readonly case: 'commit'; readonly commit: LoggedCommit };

export interface FollowOptions {
  /** What a snapshot tells, in this order. Commits are told as they are. */
  readonly snapshot: readonly Omit<ListQuery, 'after' | 'limit'>[];
  /** Follows after this revision, without a snapshot where the log reaches back. Undefined: begins with a snapshot. */
  readonly after?: number | undefined;
  readonly signal: AbortSignal;
  /** A commit with more bytes than this is told as a new snapshot: messages must not grow without bound. */
  readonly maxCommitBytes?: number;
}

const snapshotPage = 500;
const commitsPerRead = 32;

/**
 * Tells what a store holds and what happens to it, until the signal aborts.
 *
 * Commits are pulled from the log by revision when the consumer asks for the next one, so a slow consumer costs no memory;
 * one that is slower than the log is long gets a new snapshot. A snapshot is held as bytes until it is consumed, so
 * that no database transaction waits for a consumer. Throws what the store throws.
 */
export async function* followStore(store: Store, options: FollowOptions): AsyncGenerator<StoreEvent> {
  const { snapshot, signal, maxCommitBytes = 2 << 20 } = options;
  const wakeUp = new WakeUp(signal);
  const unsubscribe = store.onCommit(() => wakeUp.wake());
  try {
    let at = options.after;
    while (!signal.aborted) {
      const commits = at === undefined ? undefined : await store.log(at, commitsPerRead);
      if (commits?.length === 0) {
        await wakeUp.wait();
        continue;
      }
      let needsSnapshot = commits === undefined;
      for (const commit of commits ?? []) {
        needsSnapshot = bytesOf(commit) > maxCommitBytes;
        if (needsSnapshot) break;
        yield { case: 'commit', commit };
        if (signal.aborted) return;
        at = commit.revision;
      }
      if (needsSnapshot) {
        const { documents, revision } = await readSnapshot(store, snapshot);
        yield { case: 'snapshotStarted' };
        for (let document = documents.pop(); document; document = documents.pop()) {
          yield { case: 'document', document };
          if (signal.aborted) return;
        }
        yield { case: 'snapshotCompleted', revision };
        at = revision;
      }
    }
  } finally {
    unsubscribe();
    wakeUp.close();
  }
}

/** All that was asked for, last first. */
async function readSnapshot(
  store: Store,
  selections: FollowOptions['snapshot'],
): Promise<{ documents: Stored[]; revision: number }> {
  const { value, revision } = await store.read(async (reading) => {
    const documents: Stored[] = [];
    for (const selection of selections) {
      let page: Stored[];
      let after = '';
      do {
        page = await reading.list({ ...selection, after, limit: snapshotPage });
        documents.push(...page);
        after = page.at(-1)?.name ?? '';
      } while (page.length === snapshotPage);
    }
    return documents.reverse();
  });
  return { documents: value, revision };
}

function bytesOf({ changes }: LoggedCommit): number {
  return changes.reduce((sum, { name, body }) => sum + name.length + (body?.length ?? 0) + 32, 0);
}

/** Remembers one call of `wake` until `wait`. */
class WakeUp {
  readonly #signal: AbortSignal;
  #woken = false;
  #resolve: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.wake, { once: true });
  }

  readonly wake = (): void => {
    this.#woken = true;
    this.#resolve?.();
  };

  async wait(): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        this.#resolve = resolve;
      });
    }
    this.#woken = this.#signal.aborted;
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.wake);
  }
}
