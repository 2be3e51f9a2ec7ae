import { followStore } from '../follow-store.js';
import type { LoggedCommit, Store } from '../store.js';

/** How documents of one kind are said on the wire. */
export interface Wording<Resource, Removal> {
  put(body: Uint8Array): Resource;
  removal(name: string): Removal;
}

export interface WatchStoreOptions<Resource, Removal> {
  /** By kind; a snapshot tells kinds in this order. */
  readonly wording: Readonly<Record<string, Wording<Resource, Removal>>>;
  /** Resumes after this revision where the log reaches back. */
  readonly after: number | undefined;
  readonly formatToken: (revision: number) => string;
  readonly signal: AbortSignal;
}

/** The events of a `Watch` call of the API; see `followStore`. */
export type WatchEvent<Resource, Removal> =
  | { case: 'snapshotStarted'; value: Record<never, never> }
  | { case: 'put'; value: Resource }
  | { case: 'snapshotCompleted'; value: { revision: bigint; revisionToken: string } }
  | { case: 'commit'; value: { revision: bigint; revisionToken: string; changes: WatchChange<Resource, Removal>[] } };

export interface WatchChange<Resource, Removal> {
  change: { case: 'put'; value: Resource } | { case: 'removal'; value: Removal };
}

export async function* watchStore<Resource, Removal>(
  store: Store,
  { wording, after, formatToken, signal }: WatchStoreOptions<Resource, Removal>,
): AsyncGenerator<{ event: WatchEvent<Resource, Removal> }> {
  const word = (kind: string) => {
    const found = wording[kind];
    if (!found) throw new Error(`documents of kind ${kind} cannot be watched`);
    return found;
  };
  const changesOf = ({ changes }: LoggedCommit) =>
    changes.map(({ kind, name, body }): WatchChange<Resource, Removal> => {
      if (body === undefined) return { change: { case: 'removal', value: word(kind).removal(name) } };
      return { change: { case: 'put', value: word(kind).put(body) } };
    });
  const at = (revision: number) => ({ revision: BigInt(revision), revisionToken: formatToken(revision) });

  const snapshot = Object.keys(wording).map((kind) => ({ kind }));
  for await (const event of followStore(store, { snapshot, after, signal })) {
    switch (event.case) {
      case 'snapshotStarted':
        yield { event: { case: 'snapshotStarted', value: {} } };
        break;
      case 'document':
        yield { event: { case: 'put', value: word(event.document.kind).put(event.document.body) } };
        break;
      case 'snapshotCompleted':
        yield { event: { case: 'snapshotCompleted', value: at(event.revision) } };
        break;
      case 'commit':
        yield { event: { case: 'commit', value: { ...at(event.commit.revision), changes: changesOf(event.commit) } } };
        break;
    }
  }
}
