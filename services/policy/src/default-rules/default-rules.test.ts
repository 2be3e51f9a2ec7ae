import { randomUUID } from 'node:crypto';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { policyV1 } from '@portcullis/api';
import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addressGroup,
  goodRule,
  group,
  openWorld,
  type PolicyWorld,
  parent,
  type RuleInit,
} from '../testing/policy-world.js';

const { Direction, Protocol } = policyV1;
const name = `${parent}/defaultRules`;
const itself = group('-');
const all: RuleInit = { protocol: Protocol.ALL, startPort: undefined, endPort: undefined } as unknown as RuleInit;

let world: PolicyWorld;
let client: PolicyWorld['client'];
let time: number;

beforeEach(async () => {
  time = Date.UTC(2030, 0, 1);
  world = await openWorld('sqlite::memory:', { now: () => new Date(time) });
  client = world.client;
  await world.createGroup('old');
});
afterEach(() => world.close());

const set = async (rules: RuleInit[], more: Partial<policyV1.DefaultRules> = {}, paths = ['rules']) => {
  const request = { defaultRules: { name, rules, ...more }, updateMask: { paths } };
  return (await client.updateDefaultRules(request as never)).defaultRules as policyV1.DefaultRules;
};
const setAutomatic = (withoutAutomaticRules: boolean) =>
  client.updateDefaultRules({
    defaultRules: { name, withoutAutomaticRules },
    updateMask: { paths: ['without_automatic_rules'] },
  });
const read = async () => (await client.getDefaultRules({ name })).defaultRules as policyV1.DefaultRules;
const rulesOf = async (id: string) => (await client.listSecurityGroupRules({ parent: group(id) })).securityGroupRules;
const defaultsOf = async (id: string) => (await rulesOf(id)).filter(({ automatic }) => !automatic);
const revision = async () => (await world.store.read(async () => undefined)).revision;

describe('the default rules of a project', () => {
  it('are none until they are said', async () => {
    expect(await read()).toMatchObject({ name, rules: [], withoutAutomaticRules: false, etag: '' });
  });

  it('are kept as they were sent, in their order, and say what their CIDRs mean', async () => {
    const sent = [
      goodRule({ cidr: '10.1.1.1/8', description: 'd', labels: { tier: 'web' }, uid: 'mine', automatic: true }),
      goodRule({ remoteSecurityGroup: itself, disabled: true }),
    ];
    const told = await set(sent);
    expect(told.rules).toMatchObject([
      {
        ...{ cidr: '10.1.1.1/8', maskedCidr: '10.0.0.0/8', description: 'd', labels: { tier: 'web' } },
        ...{ name: '', uid: '', automatic: false },
      },
      { remoteSecurityGroup: itself, disabled: true },
    ]);
    expect(told.etag).toMatch(/^[\w-]{16}$/);
    expect(await read()).toEqual(told);
  });

  it('take no revision, are in no watch, and outlast a restart', async () => {
    const before = await revision();
    const told = await set([goodRule()]);
    expect(await revision()).toBe(before);
    expect(await world.store.log(before, 9)).toEqual([]);
    await world.restart();
    client = world.client;
    expect(await read()).toEqual(told);
  });

  it('change only where the mask says so, guarded by their etag, and stay what they are where nothing changes', async () => {
    const first = await set([goodRule()]);
    await setAutomatic(true);
    const changed = await read();
    expect(changed).toMatchObject({ rules: first.rules, withoutAutomaticRules: true });
    time += 1000;
    await setAutomatic(true);
    expect(await read()).toEqual(changed);
    expect(await failureOf(set([], { etag: first.etag }))).toMatchObject({ code: 'Aborted', reason: 'ETAG_MISMATCH' });
    expect(await set([], { etag: changed.etag })).toMatchObject({ rules: [], withoutAutomaticRules: true });
    const strange = { defaultRules: { name: 'projects/q/defaultRules', etag: 'x' }, updateMask: { paths: ['rules'] } };
    expect(await failureOf(client.updateDefaultRules(strange))).toMatchObject({ reason: 'ETAG_MISMATCH' });
  });

  it('are changed once by a request that is repeated, and not at all by one that only validates', async () => {
    const change = { defaultRules: { name, rules: [goodRule()] }, updateMask: { paths: ['rules'] } };
    await client.updateDefaultRules({ ...change, validateOnly: true } as never);
    expect((await read()).rules).toEqual([]);
    const request = { ...change, requestId: randomUUID() };
    const first = await client.updateDefaultRules(request as never);
    await set([]);
    expect(await client.updateDefaultRules(request as never)).toEqual(first);
    expect((await read()).rules).toEqual([]);
  });

  it('are not the same twice, and name only what there is', async () => {
    expect(await failureOf(set([goodRule({ cidr: '10.0.0.1/8' }), goodRule({ cidr: '10.0.0.0/8' })]))).toMatchObject({
      code: 'AlreadyExists',
      message: 'default_rules.rules[1] is the same rule as default_rules.rules[0]',
    });
    const strangers = [goodRule({ remoteSecurityGroup: group('x') }), goodRule({ remoteSecurityGroup: itself })];
    expect(await failureOf(set(strangers))).toMatchObject({ code: 'NotFound', resources: [group('x')] });
    expect((await read()).rules).toEqual([]);
  });
});

describe('a new group', () => {
  it('gets the default rules of its project, in the commit that makes it; groups that exist stay as they are', async () => {
    await set([
      goodRule({ cidr: '10.0.0.0/8', description: 'd', labels: { tier: 'web' } }),
      goodRule({ remoteSecurityGroup: itself }),
      goodRule({ remoteSecurityGroup: group('old'), disabled: true }),
    ]);
    const before = await revision();
    await world.createGroup('g');
    expect((await world.store.log(before, 9))?.map(({ changes }) => changes.length)).toEqual([6]);
    const made = await defaultsOf('g');
    expect(made).toHaveLength(3);
    const having = (remoteSecurityGroup: string) =>
      made.find((rule) => rule.remoteSecurityGroup === remoteSecurityGroup);
    expect(having('')).toMatchObject({
      ...{ name: expect.stringMatching(/\/rules\/r-[0-9a-f]{12}$/), uid: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      ...{ maskedCidr: '10.0.0.0/8', description: 'd', labels: { tier: 'web' }, createTime: expect.anything() },
    });
    expect(having(group('g'))).toBeDefined();
    expect(having(group('old'))).toMatchObject({ disabled: true });
    expect(await rulesOf('old')).toHaveLength(2);
    await client.createSecurityGroup({ parent: 'projects/q', securityGroupId: 'g' });
    const elsewhere = await client.listSecurityGroupRules({ parent: 'projects/q/securityGroups/g' });
    expect(elsewhere.securityGroupRules).toHaveLength(2);
  });

  it('gets them also from an update that makes it, and not where it is to have none', async () => {
    await set([goodRule()]);
    await setAutomatic(true);
    await client.updateSecurityGroup({
      securityGroup: { name: group('g') },
      updateMask: { paths: ['labels'] },
      allowMissing: true,
    });
    expect(await rulesOf('g')).toMatchObject([{ automatic: false, startPort: 22 }]);
    await client.createSecurityGroup({ parent, securityGroupId: 'h', withoutDefaultRules: true });
    expect((await rulesOf('h')).map(({ automatic }) => automatic)).toEqual([true, true]);
  });

  it('gets them in a batch of groups as well, where the request does not say otherwise', async () => {
    await set([goodRule(), goodRule({ remoteSecurityGroup: itself })]);
    const ids = ['a', 'b', 'c'];
    const requests = ids.map((id) => ({ parent, securityGroupId: id, withoutDefaultRules: id === 'b' }));
    await client.batchCreateSecurityGroups({ parent, requests });
    const remotes = await Promise.all(
      ids.map(async (id) => (await defaultsOf(id)).map(({ remoteSecurityGroup }) => remoteSecurityGroup).toSorted()),
    );
    expect(remotes).toEqual([['', group('a')], [], ['', group('c')]]);
  });

  it('has a rule once that an automatic one is as well', async () => {
    await set([
      goodRule({ ...all, remoteSecurityGroup: itself }),
      goodRule({ ...all, remoteSecurityGroup: itself, direction: Direction.EGRESS }),
    ]);
    await world.createGroup('g');
    expect((await rulesOf('g')).map(({ automatic }) => automatic)).toEqual([true, true]);
    await setAutomatic(true);
    await world.createGroup('h');
    expect((await rulesOf('h')).map(({ automatic }) => automatic)).toEqual([false, false]);
  });

  it('does not get those whose time has passed', async () => {
    const expireTime = timestampFromDate(new Date(time + 60_000));
    await set([goodRule({ expireTime }), goodRule({ endPort: 23 })]);
    await world.createGroup('g');
    expect(await defaultsOf('g')).toHaveLength(2);
    time += 60_000;
    await world.createGroup('h');
    expect(await defaultsOf('h')).toMatchObject([{ endPort: 23 }]);
  });

  it('is not made when its first rules exceed the quota', async () => {
    await set([goodRule(), goodRule({ endPort: 23 })]);
    const projectQuota = { name: `${parent}/quota`, rulesPerGroup: 3 };
    await client.updateProjectQuota({ projectQuota, updateMask: { paths: ['rules_per_group'] } });
    expect(await failureOf(world.createGroup('g'))).toMatchObject({ reason: 'QUOTA_EXCEEDED' });
    expect(await failureOf(client.getSecurityGroup({ name: group('g') }))).toMatchObject({ code: 'NotFound' });
    await setAutomatic(true);
    await world.createGroup('g');
  });
});

describe('a group that the default rules name', () => {
  it('stays, as rules that name it do; by force it goes, and its default rules with it', async () => {
    for (const id of ['a', 'b']) await world.createGroup(id);
    await set([goodRule({ remoteSecurityGroup: group('a') }), goodRule()]);
    expect(await failureOf(client.deleteSecurityGroup({ name: group('a') }))).toMatchObject({
      code: 'FailedPrecondition',
      reason: 'SECURITY_GROUP_IN_USE',
      subjects: [name],
      message: `${group('a')} is named by the default rules`,
    });
    const rule = await world.createRule('b', goodRule({ remoteSecurityGroup: group('a') }));
    expect(await failureOf(client.deleteSecurityGroup({ name: group('a') }))).toMatchObject({
      subjects: [name, rule.name],
      message: `${group('a')} is named by the default rules and 1 rules of other groups; ListReferencingRules lists all of them`,
    });
    const { etag } = await read();
    await client.deleteSecurityGroup({ name: group('a'), force: true });
    const left = await read();
    expect(left.rules).toMatchObject([{ remoteSecurityGroup: '' }]);
    expect(left.etag).not.toBe(etag);
    await world.createGroup('c');
    expect(await defaultsOf('c')).toHaveLength(1);
  });

  it('may be an address group', async () => {
    const make = () => client.createAddressGroup({ parent, addressGroupId: 'a' });
    await make();
    await set([goodRule({ addressGroup: addressGroup('a') })]);
    await world.createGroup('g');
    expect(await defaultsOf('g')).toMatchObject([{ addressGroup: addressGroup('a') }]);
    const [made] = await defaultsOf('g');
    expect(await failureOf(client.deleteAddressGroup({ name: addressGroup('a') }))).toMatchObject({
      reason: 'ADDRESS_GROUP_IN_USE',
      subjects: [name, made?.name],
    });
    await client.deleteAddressGroup({ name: addressGroup('a'), force: true });
    expect((await read()).rules).toEqual([]);
    expect(await defaultsOf('g')).toEqual([]);
    expect(await failureOf(set([goodRule({ addressGroup: addressGroup('a') })]))).toMatchObject({
      code: 'NotFound',
      resources: [addressGroup('a')],
    });
  });
});
