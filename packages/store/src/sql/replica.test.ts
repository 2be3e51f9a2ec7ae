import { describe, expect, it } from 'vitest';
import type { Stored } from '../store.js';
import { NotInReplica, Replica } from './replica.js';

const document = (name: string, text = ''): Stored => ({ kind: 'thing', name, body: Buffer.from(text) });
const commit = (revision: number, ...names: string[]) => ({ revision, changes: names.map((name) => document(name)) });
const everything = (revision: number, ...names: string[]) => ({
  documents: names.map((name) => document(name)),
  claims: names.map((name) => ({ claim: `claim of ${name}`, kind: 'thing', name })),
  revision,
});
const namesOf = async (replica: Replica, query: { prefix?: string; after?: string; limit?: number }) =>
  (await replica.reading.list({ kind: 'thing', limit: 99, ...query })).map(({ name }) => name);

describe('a replica', () => {
  it('lists by prefix, after a name, in the order of names', async () => {
    const replica = new Replica(10);
    replica.load(everything(1, 'b/2', 'a/1', 'b/1', 'c/1', 'b/3', 'b'));
    expect(await namesOf(replica, {})).toEqual(['a/1', 'b', 'b/1', 'b/2', 'b/3', 'c/1']);
    expect(await namesOf(replica, { prefix: 'b/' })).toEqual(['b/1', 'b/2', 'b/3']);
    expect(await namesOf(replica, { prefix: 'b/', after: 'b/1', limit: 1 })).toEqual(['b/2']);
    expect(await namesOf(replica, { prefix: 'b/', after: 'b/3' })).toEqual([]);
    expect(await namesOf(replica, { after: 'b/1x' })).toEqual(['b/2', 'b/3', 'c/1']);
  });

  it('takes commits in order, passes over what it has, and refuses a gap', async () => {
    const replica = new Replica(10);
    expect(replica.apply(commit(1, 'a'))).toBe(false);
    replica.load(everything(4));
    expect(replica.apply(commit(4, 'old'))).toBe(true);
    expect(replica.apply(commit(6, 'late'))).toBe(false);
    expect(replica.apply(commit(5, 'a', 'b'))).toBe(true);
    expect(replica.apply({ revision: 6, changes: [{ kind: 'thing', name: 'a', body: undefined }] })).toBe(true);
    expect(replica.revision).toBe(6);
    expect(await namesOf(replica, {})).toEqual(['b']);
    expect(await replica.reading.get('thing', 'a')).toBeUndefined();
    expect([...(await replica.reading.getMany('thing', ['a', 'b'])).keys()]).toEqual(['b']);
  });

  it('remembers the newest commits, and says when it does not reach back', () => {
    const replica = new Replica(3);
    replica.load(everything(10));
    for (let revision = 11; revision <= 30; revision += 1) replica.apply(commit(revision, 'a'));
    expect(replica.log(28, 9)?.map(({ revision }) => revision)).toEqual([29, 30]);
    expect(replica.log(27, 2)?.map(({ revision }) => revision)).toEqual([28, 29]);
    expect(replica.log(30, 9)).toEqual([]);
    expect(replica.log(26, 9)).toBeUndefined();
    expect(replica.log(31, 9)).toBeUndefined();
  });

  it('takes over the claims of what others have changed, and leaves those of its own process alone', () => {
    const replica = new Replica(3);
    replica.load(everything(1, 'a', 'b'));
    const { claims } = replica;
    expect([claims.holderOf('claim of a')?.name, claims.of(document('b'))]).toEqual(['a', ['claim of b']]);
    replica.apply(commit(2, 'a', 'b'), ({ name }) => (name === 'b' ? ['claim of a', 'new'] : []));
    expect([claims.holderOf('claim of a')?.name, claims.holderOf('claim of b')]).toEqual(['b', undefined]);
    expect([claims.of(document('a')), claims.of(document('b'))]).toEqual([[], ['claim of a', 'new']]);
    replica.apply(commit(3, 'b'));
    expect(claims.holderOf('new')?.name).toBe('b');
  });

  it('leaves to the database what only the database knows', async () => {
    const replica = new Replica(3);
    replica.load(everything(1, 'a', 'é'));
    const linked = replica.reading.list({ kind: 'thing', link: { name: 'l', target: 't' }, limit: 1 });
    await expect(linked).rejects.toBeInstanceOf(NotInReplica);
    await expect(namesOf(replica, {})).rejects.toBeInstanceOf(NotInReplica);
    expect(await replica.reading.get('thing', 'é')).toMatchObject({ name: 'é' });
  });
});
