import { createLogger } from '@portcullis/runtime';
import { ClaimTaken, openStore, type Store } from '@portcullis/store';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GatheredWrites } from './gathered-writes.js';
import { RequestFailed } from './request-failed.js';

const kind = 'k';
const document = (name: string, ...claims: string[]) => ({
  kind,
  name,
  body: Buffer.from(name),
  claims,
  links: { first: [name.slice(0, 1)] },
});
let store: Store;

beforeEach(async () => {
  store = await openStore('sqlite::memory:', { log: createLogger('test', { level: 'silent' }) });
  await store.transact((tx) => tx.put(document('a1', 'x'), document('a2', 'y')));
});
afterEach(() => store.close());

const names = async () =>
  (await store.read((reading) => reading.list({ kind, limit: 10 }))).value.map(({ name }) => name);

/** Does `work` as the requests of one batch would, each under its place. */
const gather = (...requests: readonly ((tx: GatheredWrites) => Promise<unknown>)[]) =>
  store.transact(async (tx) => {
    const gathered = new GatheredWrites(tx);
    for (const [i, request] of requests.entries()) {
      gathered.place = `requests[${i}]`;
      await request(gathered);
    }
    await gathered.writeAll();
  });

describe('gathered writes', () => {
  it('are found by whoever reads after them, before they are written and after', async () => {
    await gather(
      (tx) => tx.put(document('b1'), document('a3')),
      (tx) => tx.delete(kind, 'a1'),
      async (tx) => {
        expect(await tx.get(kind, 'a1')).toBeUndefined();
        expect((await tx.get(kind, 'b1'))?.name).toBe('b1');
        expect([...(await tx.getMany(kind, ['a1', 'a2', 'b1', 'none'])).keys()]).toEqual(['a2', 'b1']);
        expect((await tx.list({ kind, limit: 10 })).map(({ name }) => name)).toEqual(['a2', 'a3', 'b1']);
      },
      (tx) => tx.put(document('a4')),
      async (tx) => expect(await tx.count(kind, 'a')).toBe(3),
      (tx) => tx.delete(kind, 'a4'),
      async (tx) =>
        expect(await tx.countLinks(kind, 'first', ['a', 'b'])).toEqual(new Map(Object.entries({ a: 2, b: 1 }))),
      (tx) => tx.put(document('a1')),
    );
    expect(await names()).toEqual(['a1', 'a2', 'a3', 'b1']);
  });

  it('let a claim change hands in any order', async () => {
    await gather(
      (tx) => tx.put(document('a1', 'y')),
      (tx) => tx.put(document('a2', 'x')),
    );
    await gather(
      (tx) => tx.put(document('b1', 'y')),
      (tx) => tx.delete(kind, 'a1'),
    );
    expect(await names()).toEqual(['a2', 'b1']);
  });

  it.each([
    ['of another document', 'requests[1]', 'a1', [document('b1'), document('b2', 'x')]],
    ['of another request', 'requests[1]', 'b1', [document('b1', 'z'), document('b2', 'z')]],
    ['of a request in between', 'requests[2]', 'b2', [document('b1'), document('b2', 'z'), document('b1', 'z')]],
  ])('name the request that claims what is %s, and write nothing', async (_, place, holder, documents) => {
    const attempt = gather(...documents.map((each) => (tx: GatheredWrites) => tx.put(each)));
    const failure = await attempt.then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(RequestFailed);
    expect(failure).toMatchObject({ place, cause: { holder: { name: holder } } });
    expect((failure as RequestFailed).cause).toBeInstanceOf(ClaimTaken);
    expect(await names()).toEqual(['a1', 'a2']);
  });
});
