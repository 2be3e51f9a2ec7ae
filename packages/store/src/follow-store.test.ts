import { createLogger } from '@portcullis/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FollowOptions, followStore, type StoreEvent } from './follow-store.js';
import { openStore } from './open-store.js';
import type { Put, Store } from './store.js';
import { document } from './testing/store-harness.js';

const log = createLogger('test', { level: 'silent' });

describe('following a store', () => {
  let store: Store;
  let stop: AbortController;

  beforeEach(async () => {
    store = await openStore('sqlite::memory:', { log, logLength: 4 });
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await store.close();
  });

  const put = (...documents: Put[]) => store.transact((tx) => tx.put(...documents));
  const follow = (options: Partial<FollowOptions> = {}) =>
    followStore(store, { snapshot: [{ kind: 'thing' }, { kind: 'other' }], signal: stop.signal, ...options });

  /** The next events, readable. */
  async function next(events: AsyncGenerator<StoreEvent>, count: number): Promise<string[]> {
    const told: string[] = [];
    while (told.length < count) {
      const { value, done } = await events.next();
      if (done) break;
      told.push(describeEvent(value));
    }
    return told;
  }

  it('tells a snapshot kind by kind, then each commit', async () => {
    await put({ ...document('z'), kind: 'other' }, document('b'), document('a'));
    const events = follow();
    expect(await next(events, 5)).toEqual(['started', 'put a', 'put b', 'put z', 'completed 1']);
    await put(document('c'));
    await store.transact((tx) => tx.delete('thing', 'a'));
    expect(await next(events, 2)).toEqual(['commit 2: +c', 'commit 3: -a']);
  });

  it('resumes after a revision', async () => {
    for (const name of ['a', 'b', 'c']) await put(document(name));
    expect(await next(follow({ after: 1 }), 2)).toEqual(['commit 2: +b', 'commit 3: +c']);
  });

  it.each([
    [0, 'the log does not reach back'],
    [1000, 'the revision is from the future'],
  ])('begins anew after revision %i: %s', async (after) => {
    for (let i = 0; i < 20; i += 1) await put(document('a', String(i)));
    expect(await next(follow({ after }), 3)).toEqual(['started', 'put a', 'completed 20']);
  });

  it('begins anew for a consumer that was slower than the log is long', async () => {
    const events = follow();
    expect(await next(events, 2)).toEqual(['started', 'completed 0']);
    for (let i = 0; i < 20; i += 1) await put(document('a', String(i)));
    expect(await next(events, 3)).toEqual(['started', 'put a', 'completed 20']);
  });

  it('tells a commit that is too large for a message as a new snapshot', async () => {
    const events = follow({ maxCommitBytes: 1000 });
    expect(await next(events, 2)).toEqual(['started', 'completed 0']);
    await put(document('a', 'x'.repeat(2000)));
    await put(document('b'));
    expect(await next(events, 4)).toEqual(['started', 'put a', 'put b', 'completed 2']);
    await put(document('c'));
    expect(await next(events, 1)).toEqual(['commit 3: +c']);
  });

  it('ends when the signal aborts, also while nothing happens', async () => {
    const events = follow();
    await next(events, 2);
    const waiting = events.next();
    stop.abort();
    expect(await waiting).toEqual({ value: undefined, done: true });
  });
});

function describeEvent(event: StoreEvent): string {
  switch (event.case) {
    case 'snapshotStarted':
      return 'started';
    case 'document':
      return `put ${event.document.name}`;
    case 'snapshotCompleted':
      return `completed ${event.revision}`;
    case 'commit': {
      const { revision, changes } = event.commit;
      return `commit ${revision}: ${changes.map(({ name, body }) => `${body ? '+' : '-'}${name}`).join(' ')}`;
    }
  }
}
