import { randomUUID } from 'node:crypto';
import type { policyV1 } from '@portcullis/api';
import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressGroup, goodRule, group, openWorld, type PolicyWorld, parent } from '../testing/policy-world.js';

let world: PolicyWorld;
let client: PolicyWorld['client'];

beforeEach(async () => {
  world = await openWorld();
  client = world.client;
});
afterEach(() => world.close());

const make = async (id: string, ...cidrs: string[]) => {
  const request = { parent, addressGroupId: id, addressGroup: { cidrs } };
  return (await client.createAddressGroup(request)).addressGroup as policyV1.AddressGroup;
};
const read = async (id: string) => (await client.getAddressGroup({ name: addressGroup(id) })).addressGroup;
const setCidrs = (id: string, ...cidrs: string[]) =>
  client.updateAddressGroup({ addressGroup: { name: addressGroup(id), cidrs }, updateMask: { paths: ['cidrs'] } });
const add = (id: string, ...cidrs: string[]) => client.addCidrs({ addressGroup: addressGroup(id), cidrs });
const remove = (id: string, ...cidrs: string[]) => client.removeCidrs({ addressGroup: addressGroup(id), cidrs });
const revision = async () => (await world.store.read(async () => undefined)).revision;

describe('address groups', () => {
  it('keep their CIDRs as they were sent, and say what they mean', async () => {
    const fields = { displayName: 'Office', description: 'd', labels: { tier: 'web' }, uid: 'mine', version: 9n };
    const cidrs = ['10.1.2.3/8', '192.0.2.1', '2001:DB8::5/48', '0.0.0.0/0'];
    const request = { parent, addressGroupId: 'office', addressGroup: { ...fields, cidrs, maskedCidrs: ['x'] } };
    const { addressGroup: made } = await client.createAddressGroup(request);
    expect(made).toMatchObject({
      ...{ name: addressGroup('office'), displayName: 'Office', description: 'd', labels: { tier: 'web' } },
      cidrs,
      maskedCidrs: ['10.0.0.0/8', '192.0.2.1/32', '2001:db8::/48', '0.0.0.0/0'],
      version: 1n,
      uid: expect.not.stringMatching('mine'),
      etag: expect.stringMatching(/^[\w-]{16}$/),
    });
    expect(await read('office')).toEqual(made);
  });

  it('may be empty, exist once, and get a name from the service where the caller chooses none', async () => {
    expect((await make('a')).cidrs).toEqual([]);
    expect(await failureOf(make('a'))).toMatchObject({ code: 'AlreadyExists', resources: [addressGroup('a')] });
    const { addressGroup: named } = await client.createAddressGroup({ parent });
    expect(named?.name).toMatch(/^projects\/p\/addressGroups\/ag-[0-9a-f]{12}$/);
  });

  it('hold 10 000 CIDRs where the quota says so', async () => {
    const projectQuota = { name: `${parent}/quota`, cidrsPerAddressGroup: 10_000 };
    await client.updateProjectQuota({ projectQuota, updateMask: { paths: ['cidrs_per_address_group'] } });
    const cidrs = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    expect((await make('a', ...cidrs)).maskedCidrs).toEqual(cidrs);
  });

  it('change only where the mask says so, and take no revision when nothing changes', async () => {
    const before = await make('a', '10.0.0.0/8');
    const sent = { name: addressGroup('a'), displayName: 'n', description: 'd', cidrs: ['192.0.2.0/24'] };
    const change = { addressGroup: sent, updateMask: { paths: ['description'] } };
    const first = await client.updateAddressGroup(change);
    expect(first.addressGroup).toMatchObject({ displayName: '', description: 'd', cidrs: before.cidrs, version: 1n });
    const unchanged = await revision();
    expect(await client.updateAddressGroup(change)).toEqual(first);
    expect(await revision()).toBe(unchanged);
    const missing = client.updateAddressGroup({ ...change, addressGroup: { name: addressGroup('x') } });
    expect(await failureOf(missing)).toMatchObject({ code: 'NotFound', resources: [addressGroup('x')] });
  });

  it('have another version with each change of their CIDRs', async () => {
    await make('a', '10.0.0.0/8');
    expect((await setCidrs('a', '10.0.0.0/8')).addressGroup?.version).toBe(1n);
    const { addressGroup: changed } = await setCidrs('a', '192.0.2.0/24', '10.9.9.9/8');
    expect(changed).toMatchObject({ version: 2n, maskedCidrs: ['192.0.2.0/24', '10.0.0.0/8'] });
    expect((await setCidrs('a')).addressGroup).toMatchObject({ version: 3n, cidrs: [], maskedCidrs: [] });
  });

  it('are made by an update that may make them, and guarded by their etag', async () => {
    const sent = { name: addressGroup('a'), cidrs: ['10.0.0.1'], description: 'd' };
    const request = { addressGroup: sent, updateMask: { paths: ['labels'] }, allowMissing: true };
    const { addressGroup: made } = await client.updateAddressGroup(request);
    expect(made).toMatchObject({ ...sent, maskedCidrs: ['10.0.0.1/32'], version: 1n });
    const mismatch = { code: 'Aborted', reason: 'ETAG_MISMATCH' };
    for (const name of [addressGroup('a'), addressGroup('b')]) {
      const stale = client.updateAddressGroup({ ...request, addressGroup: { ...sent, name, etag: 'x' } });
      expect(await failureOf(stale)).toMatchObject(mismatch);
    }
    const etag = made?.etag ?? '';
    await add('a', '10.0.0.2');
    expect(await failureOf(client.deleteAddressGroup({ name: addressGroup('a'), etag }))).toMatchObject(mismatch);
    await client.deleteAddressGroup({ name: addressGroup('a'), etag: (await read('a'))?.etag ?? '' });
  });

  it('take CIDRs that they do not have, whatever the host bits, and those that they have stay', async () => {
    await make('a', '10.1.1.1/8', '192.0.2.0/24');
    const { addressGroup: changed } = await add('a', '10.0.0.0/8', '2001:db8::1', '198.51.100.7/24');
    expect(changed).toMatchObject({
      cidrs: ['10.1.1.1/8', '192.0.2.0/24', '2001:db8::1', '198.51.100.7/24'],
      maskedCidrs: ['10.0.0.0/8', '192.0.2.0/24', '2001:db8::1/128', '198.51.100.0/24'],
      version: 2n,
    });
    const unchanged = await revision();
    expect((await add('a', '10.0.0.0/8')).addressGroup).toEqual(changed);
    expect(await revision()).toBe(unchanged);
  });

  it('lose CIDRs, compared masked, all or none', async () => {
    await make('a', '10.1.1.1/8', '192.0.2.0/24', '2001:db8::/32');
    expect(await failureOf(remove('a', '192.0.2.9/24', '192.0.2.9', '198.51.100.0/24'))).toMatchObject({
      code: 'NotFound',
      reason: 'RESOURCE_NOT_FOUND',
      resources: ['192.0.2.9', '198.51.100.0/24'],
      message: `192.0.2.9, 198.51.100.0/24: not in ${addressGroup('a')}`,
    });
    const { addressGroup: changed } = await remove('a', '10.0.0.0/8', '2001:db8:1::/32');
    expect(changed).toMatchObject({ cidrs: ['192.0.2.0/24'], maskedCidrs: ['192.0.2.0/24'], version: 2n });
  });

  it('need to exist where CIDRs are added or removed', async () => {
    const calls = [() => add('none', '10.0.0.0/8'), () => remove('none', '10.0.0.0/8'), () => read('none')];
    for (const call of calls) {
      expect(await failureOf(call())).toMatchObject({ code: 'NotFound', resources: [addressGroup('none')] });
    }
  });

  it('are changed once by a request that is repeated, and not at all by one that only validates', async () => {
    await make('a');
    const request = { addressGroup: addressGroup('a'), cidrs: ['10.0.0.0/8'], requestId: randomUUID() };
    expect((await client.addCidrs({ ...request, validateOnly: true })).addressGroup?.cidrs).toEqual(['10.0.0.0/8']);
    expect((await read('a'))?.cidrs).toEqual([]);
    const first = await client.addCidrs(request);
    await remove('a', '10.0.0.0/8');
    expect(await client.addCidrs(request)).toEqual(first);
    expect(await read('a')).toMatchObject({ cidrs: [], version: 3n });
  });

  it('stay while rules name them, and the answer lists the rules; by force they go with them in one commit', async () => {
    await make('a', '10.0.0.0/8');
    await world.createGroup('g');
    const rule = await world.createRule('g', goodRule());
    const naming = await world.createRule('g', goodRule({ addressGroup: addressGroup('a') }));
    expect(await failureOf(client.deleteAddressGroup({ name: addressGroup('a') }))).toMatchObject({
      code: 'FailedPrecondition',
      reason: 'ADDRESS_GROUP_IN_USE',
      subjects: [naming.name],
      message: `${addressGroup('a')} is named by 1 rules; ListReferencingRules lists all of them`,
    });
    const named = await client.listReferencingRules({ name: addressGroup('a') });
    expect(named.securityGroupRules.map(({ name }) => name)).toEqual([naming.name]);
    const before = await revision();
    await client.deleteAddressGroup({ name: addressGroup('a'), force: true });
    expect((await world.store.log(before, 9))?.map(({ changes }) => changes.map(({ name }) => name))).toEqual([
      expect.arrayContaining([naming.name, addressGroup('a')]),
    ]);
    const { securityGroupRules } = await client.listSecurityGroupRules({ parent: group('g') });
    expect(securityGroupRules.map(({ name }) => name)).toContain(rule.name);
    expect(securityGroupRules).toHaveLength(3);
  });

  it('need not exist to be deleted where that is fine', async () => {
    await client.deleteAddressGroup({ name: addressGroup('none'), allowMissing: true });
    expect(await failureOf(client.deleteAddressGroup({ name: addressGroup('none') }))).toMatchObject({
      code: 'NotFound',
    });
  });

  it('are listed page by page, filtered and in order, apart by project', async () => {
    for (const id of ['c', 'a', 'b']) await make(id, `10.0.0.${id.charCodeAt(0)}`);
    await client.createAddressGroup({ parent: 'projects/q', addressGroupId: 'other' });
    const namesOf = async (request: object) => {
      const page = await client.listAddressGroups({ parent, ...request });
      return { names: page.addressGroups.map(({ name }) => name), pageToken: page.nextPageToken };
    };
    const first = await namesOf({ pageSize: 2 });
    expect(first.names).toEqual([addressGroup('a'), addressGroup('b')]);
    expect(await namesOf({ pageSize: 2, pageToken: first.pageToken })).toEqual({
      names: [addressGroup('c')],
      pageToken: '',
    });
    expect((await namesOf({ filter: 'masked_cidrs:"10.0.0.97/32"' })).names).toEqual([addressGroup('a')]);
    await add('b', '192.0.2.1');
    expect((await namesOf({ filter: 'version = 2 AND NOT version = 1' })).names).toEqual([addressGroup('b')]);
    expect((await namesOf({ orderBy: 'name desc' })).names).toEqual(['c', 'b', 'a'].map(addressGroup));
  });

  it('are told by a watch, whole and when they are gone', async () => {
    const stop = new AbortController();
    const made = await make('a', '10.0.0.0/8');
    const events = client.watch({}, { signal: stop.signal })[Symbol.asyncIterator]();
    const next = async () => (await events.next()).value?.event;
    await next();
    expect((await next())?.value).toMatchObject({ resource: { case: 'addressGroup', value: made } });
    await next();
    const { addressGroup: changed } = await add('a', '192.0.2.1');
    await client.deleteAddressGroup({ name: addressGroup('a') });
    expect((await next())?.value).toMatchObject({
      changes: [{ change: { case: 'put', value: { resource: { case: 'addressGroup', value: changed } } } }],
    });
    expect((await next())?.value).toMatchObject({
      changes: [
        { change: { case: 'removal', value: { removed: { case: 'addressGroup', value: addressGroup('a') } } } },
      ],
    });
    stop.abort();
  });
});
