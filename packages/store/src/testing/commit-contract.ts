import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isNote, type Put, type Reading, type Store } from '../store.js';
import { document, type StoreHarness, textOf } from './store-harness.js';

/** Revisions, the log, groups of commits, several instances. */
export function describeCommits(database: string, harness: StoreHarness): void {
  describe(`commits to a store on ${database}`, () => {
    // A database in memory has one connection.
    const itShared = harness.shared ? it : () => undefined;
    let store: Store;

    beforeEach(async () => {
      store = await harness.open();
    });
    afterEach(() => harness.reset());

    const put = (...documents: Put[]) => store.transact((tx) => tx.put(...documents));
    const read = async <Value>(work: (reading: Reading) => Promise<Value>) => (await store.read(work)).value;
    const names = (query: Parameters<Reading['list']>[0]) =>
      read(async (reading) => (await reading.list(query)).map(({ name }) => name));

    it('P1 logs the net change of each commit', async () => {
      await put(document('a'), document('b'));
      await store.transact(async (tx) => {
        await tx.put(document('a', 'a2'), document('c'));
        await tx.put(document('a', 'a3'), document('gone'));
        await tx.delete('thing', 'b', 'gone', 'never');
        await tx.delete('thing', 'c');
        await tx.put(document('c', 'c2'));
      });
      const log = await store.log(0, 10);
      const readable = log?.map(({ revision, changes }) => [revision, changes.map((c) => [c.name, textOf(c)])]);
      expect(readable).toEqual([
        [
          1,
          [
            ['a', 'a'],
            ['b', 'b'],
          ],
        ],
        [
          2,
          [
            ['a', 'a3'],
            ['c', 'c2'],
            ['b', undefined],
          ],
        ],
      ]);
    });

    it('keeps notes out of the log, and gives no revision to a transaction that wrote nothing else', async () => {
      const note = { ...document('n'), kind: '_note' };
      expect((await put(note)).revision).toBe(0);
      const { value, revision } = await store.transact(async (tx) => {
        const before = tx.revision;
        await tx.put({ ...note, body: new Uint8Array([1]) });
        const noted = tx.revision;
        await tx.put(document('a'));
        return [before, noted, tx.revision];
      });
      expect([...value, revision]).toEqual([0, 0, 1, 1]);
      const log = await store.log(0, 10);
      expect(log?.map(({ changes }) => changes.map(({ kind, name }) => `${kind} ${name}`))).toEqual([['thing a']]);
      expect((await read((reading) => reading.get('_note', 'n')))?.body).toHaveLength(1);
      expect((await store.transact((tx) => tx.delete('_note', 'n'))).revision).toBe(1);
      expect(await read((reading) => reading.get('_note', 'n'))).toBeUndefined();
    });

    it('gives no revision to a transaction that changed nothing', async () => {
      await put(document('a'));
      expect((await put(document('a'))).revision).toBe(1);
      expect((await store.transact((tx) => tx.delete('thing', 'none'))).revision).toBe(1);
      expect(await store.transact((tx) => tx.get('thing', 'a'))).toMatchObject({ revision: 1 });
      const made = await store.transact(async (tx) => {
        await tx.put(document('b'));
        await tx.delete('thing', 'b');
      });
      expect(made.revision).toBe(1);
      expect(await store.log(1, 10)).toEqual([]);
    });

    it('sees in a transaction what it has written itself', async () => {
      const { value } = await store.transact(async (tx) => {
        await tx.put(document('a', 'a', { links: { l: ['t'] } }));
        await tx.delete('thing', 'none');
        const listed = await tx.list({ kind: 'thing', link: { name: 'l', target: 't' }, limit: 9 });
        return [textOf(await tx.get('thing', 'a')), listed.length];
      });
      expect(value).toEqual(['a', 1]);
    });

    it('takes back all of a transaction that fails, and nothing else of its group', async () => {
      const attempts = Array.from({ length: 30 }, (_, i) =>
        store.transact(async (tx) => {
          await tx.put(document(`n${i}`));
          if (i % 3 === 0) throw new Error(`no ${i}`);
          return i;
        }),
      );
      const results = await Promise.allSettled(attempts);
      const kept = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(kept.map(({ value }) => value)).toEqual(Array.from({ length: 30 }, (_, i) => i).filter((i) => i % 3));
      expect(kept.map(({ revision }) => revision)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
      expect((await names({ kind: 'thing', limit: 99 })).length).toBe(20);
      expect((await store.log(0, 99))?.map(({ revision }) => revision)).toHaveLength(20);
    });

    it('refuses alone what cannot be written, whatever else is in its group', async () => {
      const refused = [
        put(document('a\0')),
        put(document('x'.repeat(1300))),
        put(document('a', 'a', { claims: ['\0'] })),
        put(document('a', 'a', { links: { l: ['y'.repeat(1300)] } })),
        put({ ...document('n', 'n', { claims: ['c'] }), kind: '_note' }),
        store.transact((tx) => tx.get('_note', '\0')),
        store.transact((tx) => tx.list({ kind: 'thing', link: { name: 'l', target: '\0' }, limit: 1 })),
      ];
      const written = [put(document('b')), put(document('c'))];
      for (const { status } of await Promise.allSettled(refused)) expect(status).toBe('rejected');
      expect((await Promise.all(written)).map(({ revision }) => revision)).toEqual([1, 2]);
      expect(await names({ kind: 'thing', limit: 9 })).toEqual(['b', 'c']);
    });

    it('gives back the claims of a transaction that fails', async () => {
      await put(document('a', 'a', { claims: ['x'] }));
      const failed = store.transact(async (tx) => {
        await tx.delete('thing', 'a');
        await tx.put(document('b', 'b', { claims: ['x', 'y'] }));
        throw new Error('in vain');
      });
      const taken = put(document('c', 'c', { claims: ['x'] }));
      const free = put(document('d', 'd', { claims: ['y'] }));
      await expect(failed).rejects.toThrow('in vain');
      await expect(taken).rejects.toMatchObject({ claim: 'x', holder: { kind: 'thing', name: 'a' } });
      expect((await free).revision).toBe(2);
    });

    itShared('knows the claims that another instance gives and takes', async () => {
      const other = await harness.open();
      await put(document('a', 'a', { claims: ['x', 'y'] }));
      const take = (claim: string) => other.transact((tx) => tx.put(document('b', 'b', { claims: [claim] })));
      await expect(take('x')).rejects.toMatchObject({ claim: 'x', holder: { name: 'a' } });
      await put(document('a', 'a2', { claims: ['y'] }));
      await take('x');
      await expect(put(document('c', 'c', { claims: ['x'] }))).rejects.toMatchObject({ holder: { name: 'b' } });
      await other.transact((tx) => tx.delete('thing', 'a'));
      await put(document('c', 'c', { claims: ['y'] }));
      await put(document('c', 'c', { claims: ['z'] }));
      await take('y');
    });

    itShared('knows the claims of a store that is opened again', async () => {
      await put(document('a', 'a', { claims: ['x'] }));
      await store.close();
      store = await harness.open();
      await expect(put(document('b', 'b', { claims: ['x'] }))).rejects.toMatchObject({ holder: { name: 'a' } });
    });

    it('reads in a transaction what its group has changed, and nothing of what failed', async () => {
      await readBetweenChanges([store], ['x/1', 'x/2', 'x/3', 'x', 'y/1', 'y/2']);
    });

    it('reads notes in a transaction as its group has left them', async () => {
      await readBetweenChanges([store], ['x/1', 'x/2', 'y/1'], '_note');
    });

    it('reads in a transaction by bytes, also what its group has changed', async () => {
      // Sorted by bytes these two are the other way round than by the units of JavaScript's texts.
      await readBetweenChanges([store], ['x/1', 'x/2', 'x/\uffff', 'x/\u{10000}']);
    });

    itShared('reads in a transaction what another instance has just committed', async () => {
      await readBetweenChanges([store, await harness.open()], ['x/1', 'x/2', 'x/3', 'x', 'y/1', 'y/2']);
    });

    it('runs concurrent transactions one after the other', async () => {
      await put(document('counter', '0'));
      await Promise.all(
        Array.from({ length: 50 }, () =>
          store.transact(async (tx) => {
            const count = Number(textOf(await tx.get('thing', 'counter')));
            await new Promise(setImmediate);
            await tx.put(document('counter', String(count + 1)));
          }),
        ),
      );
      expect(textOf(await read((reading) => reading.get('thing', 'counter')))).toBe('50');
    });

    itShared('reads one snapshot, whatever is committed meanwhile', async () => {
      await put(document('a', 'old'));
      const { value, revision } = await store.read(async (reading) => {
        const before = await reading.get('thing', 'a');
        await put(document('a', 'new'));
        return [textOf(before), textOf(await reading.get('thing', 'a'))];
      });
      expect([
        { value: ['old', 'old'], revision: 1 },
        { value: ['new', 'new'], revision: 2 },
      ]).toContainEqual({ value, revision });
    });

    it('writes and deletes thousands of documents at once', async () => {
      const many = Array.from({ length: 2500 }, (_, i) =>
        document(`n${i}`, 'x', { links: { l: ['t', `t${i}`] }, claims: [`c${i}`] }),
      );
      await put(...many);
      expect(await names({ kind: 'thing', link: { name: 'l', target: 't' }, limit: 9999 })).toHaveLength(2500);
      expect(
        (
          await read((reading) =>
            reading.getMany(
              'thing',
              many.map(({ name }) => name),
            ),
          )
        ).size,
      ).toBe(2500);
      await store.transact((tx) => tx.delete('thing', ...many.map(({ name }) => name)));
      expect((await store.log(1, 1))?.[0]?.changes).toHaveLength(2500);
      await put(document('again', 'x', { claims: ['c7'] }));
    });

    it('tells of commits in ascending order, the newest at last', async () => {
      const heard: number[] = [];
      const stop = store.onCommit((revision) => heard.push(revision));
      await Promise.all(Array.from({ length: 20 }, (_, i) => put(document(`n${i}`))));
      await vi.waitFor(() => expect(heard.at(-1)).toBe(20));
      expect(heard).toEqual(heard.toSorted((a, b) => a - b));
      stop();
      await put(document('unheard'));
      expect(heard.at(-1)).toBe(20);
    });

    it('answers the log from any revision on, in bounded portions', async () => {
      for (let i = 1; i <= 5; i += 1) await put(document('a', String(i)));
      const revisions = async (after: number, limit: number) =>
        (await store.log(after, limit))?.map(({ revision }) => revision);
      expect(await revisions(0, 2)).toEqual([1, 2]);
      expect(await revisions(2, 99)).toEqual([3, 4, 5]);
      expect(await revisions(5, 99)).toEqual([]);
      expect(await revisions(6, 99)).toBeUndefined();
    });

    it('trims the log to its length', async () => {
      await store.close();
      store = await harness.open({ logLength: 10 });
      for (let i = 1; i <= 35; i += 1) await put(document('a', String(i)));
      expect(await store.log(0, 99)).toBeUndefined();
      expect((await store.log(25, 99))?.map(({ revision }) => revision)).toEqual([
        26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
      ]);
    });

    itShared('is the same store when it is opened again', async () => {
      const { epoch } = store;
      await put(document('a'));
      await store.close();
      store = await harness.open();
      expect(store.epoch).toBe(epoch);
      expect((await put(document('b'))).revision).toBe(2);
      expect((await store.log(0, 9))?.length).toBe(2);
    });

    it('refuses everything once it is closed, and ends what was under way', async () => {
      const under = [put(document('a')), put(document('b')), store.read((reading) => reading.get('thing', 'a'))];
      await store.close();
      expect((await Promise.all(under)).map(({ revision }) => revision)).toEqual([1, 2, expect.any(Number)]);
      await expect(put(document('c'))).rejects.toMatchObject({ name: 'StoreUnavailable' });
      await expect(store.read(async () => 1)).rejects.toMatchObject({ name: 'StoreUnavailable' });
      await store.close();
    });

    itShared('reads what another instance has just committed where the newest is asked for', async () => {
      const other = await harness.open();
      await other.read((reading) => reading.get('thing', 'a'));
      for (let i = 0; i < 20; i += 1) {
        await put(document('a', String(i)));
        const { value } = await other.read((reading) => reading.get('thing', 'a'), { newest: true });
        expect(textOf(value)).toBe(String(i));
      }
    });

    itShared('numbers commits of two instances without gaps, and each hears of the other', async () => {
      const other = await harness.open();
      expect(other.epoch).toBe(store.epoch);
      const heard = [0, 0];
      [store, other].forEach((each, i) => {
        each.onCommit((revision) => {
          heard[i] = revision;
        });
      });
      await put(document('counter', '0'));
      const increments = Array.from({ length: 60 }, (_, i) =>
        (i % 2 ? store : other).transact(async (tx) => {
          const count = Number(textOf(await tx.get('thing', 'counter')));
          await tx.put(document('counter', String(count + 1)));
        }),
      );
      const revisions = (await Promise.all(increments)).map(({ revision }) => revision);
      expect(revisions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i + 2));
      await vi.waitFor(() => expect(heard).toEqual([61, 61]), { timeout: 5000 });
      expect(textOf(await read((reading) => reading.get('thing', 'counter')))).toBe('60');
      expect((await store.log(0, 99))?.map(({ revision }) => revision)).toEqual(
        Array.from({ length: 61 }, (_, i) => i + 1),
      );
    });
  });
}

/** Hundreds of transactions at once that change some of the documents, a third of them in vain; each looks before it does. */
async function readBetweenChanges(stores: readonly Store[], names: readonly string[], kind = 'thing'): Promise<void> {
  const expected = new Map<string, string>();
  const targets = new Map<string, string>();
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48_271) % 0x7fff_ffff;
    return seed % below;
  };
  const anyName = () => names[random(names.length)] ?? '';
  const inOrder = (some: readonly string[]) => some.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const sorted = (prefix: string) => inOrder([...expected.keys()].filter((name) => name.startsWith(prefix)));
  const expectLinks = async (tx: Reading, target: string, links: ReadonlyMap<string, string>) => {
    const linked = inOrder([...links].flatMap(([name, each]) => (each === target ? [name] : [])));
    const found = await tx.list({ kind, link: { name: 'l', target }, limit: 9 });
    expect(found.map(({ name }) => name)).toEqual(linked);
    if (random(3) === 0) expect((await tx.countLinks(kind, 'l', [target])).get(target)).toBe(linked.length);
  };
  const attempts = Array.from({ length: 240 }, (_, i) =>
    (stores[i % stores.length] as Store).transact(async (tx) => {
      const [one, after, limit] = [anyName(), anyName(), 1 + random(4)];
      expect(textOf(await tx.get(kind, one))).toBe(expected.get(one));
      expect([...(await tx.getMany(kind, names)).keys()].sort()).toEqual([...expected.keys()].sort());
      for (const prefix of ['', 'x/']) {
        expect(await tx.count(kind, prefix)).toBe(sorted(prefix).length);
        const listed = await tx.list({ kind: kind, prefix, after, limit });
        const rest = sorted(prefix).filter((name) => Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0);
        expect(listed.map(({ name }) => name)).toEqual(rest.slice(0, limit));
      }
      await expectLinks(tx, anyName(), targets);
      const [written, gone, target] = [anyName(), anyName(), anyName()];
      const claims = isNote(kind) ? [] : [`claim of ${written}`];
      await tx.put({ ...document(written, `${i}`, { claims, links: { l: [target] } }), kind });
      if (random(2) === 0) await expectLinks(tx, anyName(), new Map([...targets, [written, target]]));
      await tx.delete(kind, gone);
      if (random(3) === 0) throw new Error('in vain');
      expected.set(written, `${i}`);
      targets.set(written, target);
      for (const map of [expected, targets]) map.delete(gone);
    }),
  );
  for (const result of await Promise.allSettled(attempts)) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ message: 'in vain' });
  }
  const [store] = stores;
  const { value } = (await store?.read((reading) => reading.getMany(kind, names), { newest: true })) ?? {};
  expect(new Map([...(value ?? [])].map(([name, stored]) => [name, textOf(stored)]))).toEqual(expected);
}
