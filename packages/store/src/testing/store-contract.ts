import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ClaimTaken, type Put, type Reading, type Store } from '../store.js';
import { describeCommits } from './commit-contract.js';
import { document, type StoreHarness, textOf } from './store-harness.js';

/** What every store does, whatever the database. */
export function describeStore(database: string, harness: StoreHarness): void {
  describeDocuments(database, harness);
  describeCommits(database, harness);
}

function describeDocuments(database: string, harness: StoreHarness): void {
  describe(`documents of a store on ${database}`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await harness.open();
    });
    afterEach(() => harness.reset());

    const put = (...documents: Put[]) => store.transact((tx) => tx.put(...documents));
    const read = async <Value>(work: (reading: Reading) => Promise<Value>) => (await store.read(work)).value;
    const names = (query: Parameters<Reading['list']>[0]) =>
      read(async (reading) => (await reading.list(query)).map(({ name }) => name));

    it('begins empty at revision 0', async () => {
      expect(await store.read((reading) => reading.get('thing', 'a'))).toEqual({ value: undefined, revision: 0 });
      expect(await store.log(0, 10)).toEqual([]);
      expect(store.epoch).toMatch(/^[0-9a-z-]{1,64}$/);
    });

    it('remembers documents byte by byte', async () => {
      const body = Uint8Array.from({ length: 256 }, (_, i) => i);
      await put({ kind: 'thing', name: 'a', body }, { kind: 'thing', name: 'empty', body: new Uint8Array() });
      const stored = await read((reading) => reading.getMany('thing', ['a', 'empty', 'none']));
      expect([...(stored.get('a')?.body ?? [])]).toEqual([...body]);
      expect(stored.get('empty')?.body).toHaveLength(0);
      expect(stored.get('a')?.body).toBeInstanceOf(Uint8Array);
      expect(stored.size).toBe(2);
    });

    it('keeps kinds apart', async () => {
      await put(document('a'), { ...document('a', 'other'), kind: 'other' });
      expect(textOf(await read((reading) => reading.get('other', 'a')))).toBe('other');
      await store.transact((tx) => tx.delete('other', 'a'));
      expect(textOf(await read((reading) => reading.get('thing', 'a')))).toBe('a');
    });

    it('lists by name, byte by byte, from a prefix and after a name', async () => {
      await put(...['b/2', 'b/10', 'b/1', 'a', 'B', 'b', 'c', 'é', 'b-1', 'b/1/x'].map((name) => document(name)));
      const all = ['B', 'a', 'b', 'b-1', 'b/1', 'b/1/x', 'b/10', 'b/2', 'c', 'é'];
      expect(await names({ kind: 'thing', limit: 100 })).toEqual(all);
      expect(await names({ kind: 'thing', prefix: 'b/', limit: 100 })).toEqual(['b/1', 'b/1/x', 'b/10', 'b/2']);
      expect(await names({ kind: 'thing', prefix: 'b/', after: 'b/1', limit: 2 })).toEqual(['b/1/x', 'b/10']);
      expect(await names({ kind: 'thing', after: 'é', limit: 1 })).toEqual([]);
    });

    it('lists by link, and forgets links with their documents', async () => {
      const links = (...targets: string[]) => ({ links: { remote: targets, self: ['x'] } });
      await put(
        document('a', 'a', links('g', 'h', 'g')),
        document('b', 'b', links('g')),
        document('c', 'c', links('h')),
      );
      const of = (target: string) => names({ kind: 'thing', link: { name: 'remote', target }, limit: 100 });
      expect(await of('g')).toEqual(['a', 'b']);
      expect(await names({ kind: 'thing', link: { name: 'remote', target: 'g' }, after: 'a', limit: 9 })).toEqual([
        'b',
      ]);
      expect(await names({ kind: 'thing', link: { name: 'remote', target: 'g' }, prefix: 'a', limit: 9 })).toEqual([
        'a',
      ]);
      expect(await names({ kind: 'thing', link: { name: 'other', target: 'g' }, limit: 9 })).toEqual([]);
      await put(document('a', 'a', links('h')));
      await store.transact((tx) => tx.delete('thing', 'c'));
      expect(await of('g')).toEqual(['b']);
      expect(await of('h')).toEqual(['a']);
    });

    it('counts by prefix and by link', async () => {
      const to = (...targets: string[]) => ({ links: { remote: targets } });
      await put(document('g/a', 'a', to('x', 'y')), document('g/b', 'b', to('x')), document('h/a'));
      expect(await read((reading) => reading.count('thing', 'g/'))).toBe(2);
      expect(await read((reading) => reading.count('other', ''))).toBe(0);
      const counts = await read((reading) => reading.countLinks('thing', 'remote', ['x', 'y', 'z', 'x']));
      expect([...counts]).toEqual([
        ['x', 2],
        ['y', 1],
        ['z', 0],
      ]);
      const own = store.transact(async (tx) => {
        await tx.delete('thing', 'g/b');
        return [await tx.count('thing', 'g/'), (await tx.countLinks('thing', 'remote', ['x'])).get('x')];
      });
      expect((await own).value).toEqual([1, 1]);
    });

    it('refuses a claim that another document has, and names it', async () => {
      await put(document('a', 'a', { claims: ['x', 'y'] }));
      const taken = put(document('b'), document('c', 'c', { claims: ['z', 'y'] }));
      await expect(taken).rejects.toMatchObject({ claim: 'y', holder: { kind: 'thing', name: 'a' } });
      await expect(taken).rejects.toBeInstanceOf(ClaimTaken);
      expect(await names({ kind: 'thing', limit: 9 })).toEqual(['a']);
    });

    it('refuses the same claim of two documents at once', async () => {
      const both = put(document('a', 'a', { claims: ['x'] }), document('b', 'b', { claims: ['x'] }));
      await expect(both).rejects.toMatchObject({ claim: 'x', holder: { name: 'a' } });
    });

    it('frees claims with their documents, and lets a document keep its own', async () => {
      await put(document('a', 'a', { claims: ['x', 'y'] }));
      await put(document('a', 'a2', { claims: ['y'] }));
      await put(document('b', 'b', { claims: ['x'] }));
      await store.transact((tx) => tx.delete('thing', 'a'));
      await put(document('c', 'c', { claims: ['y'] }));
      // Two that change places in one put.
      await put(document('b', 'b', { claims: ['y'] }), document('c', 'c', { claims: ['x'] }));
      await expect(put(document('d', 'd', { claims: ['x'] }))).rejects.toMatchObject({ holder: { name: 'c' } });
    });

    it('cannot commit what a caught claim left half done', async () => {
      await put(document('a', 'a', { claims: ['x'] }));
      const sloppy = store.transact(async (tx) => {
        await tx.put(document('b')).catch(() => undefined);
        await tx.put(document('c', 'c', { claims: ['x'] })).catch(() => undefined);
      });
      await expect(sloppy).rejects.toBeInstanceOf(ClaimTaken);
      expect(await names({ kind: 'thing', limit: 9 })).toEqual(['a']);
    });
  });
}
