import { policyV1 } from '@portcullis/api';
import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goodRule, group, network, nic, openWorld, type PolicyWorld, parent } from '../testing/policy-world.js';

const { Direction, Protocol, SecurityGroupState } = policyV1;

describe('security groups', () => {
  let world: PolicyWorld;
  let client: PolicyWorld['client'];

  beforeEach(async () => {
    world = await openWorld();
    client = world.client;
  });
  afterEach(() => world.close());

  const rulesOf = async (id: string) => (await client.listSecurityGroupRules({ parent: group(id) })).securityGroupRules;

  it('are enabled and have a uid and times', async () => {
    const securityGroup = { displayName: 'Web', description: 'd', uid: 'mine', name: 'x' };
    const { securityGroup: made } = await client.createSecurityGroup({ parent, securityGroupId: 'web', securityGroup });
    expect(made).toMatchObject({
      name: group('web'),
      displayName: 'Web',
      description: 'd',
      state: SecurityGroupState.ENABLED,
      networks: [],
    });
    expect(made?.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect((await client.getSecurityGroup({ name: group('web') })).securityGroup).toEqual(made);
  });

  it('get two automatic rules, in the commit that makes them', async () => {
    await world.createGroup('g');
    const rules = await rulesOf('g');
    expect(rules).toHaveLength(2);
    for (const rule of rules) {
      expect(rule).toMatchObject({
        protocol: Protocol.ALL,
        remoteSecurityGroup: group('g'),
        automatic: true,
        cidr: '',
      });
      expect(rule.startPort).toBeUndefined();
      expect(rule.name).toMatch(/\/rules\/r-[0-9a-f]{12}$/);
    }
    expect(new Set(rules.map(({ direction }) => direction))).toEqual(new Set([Direction.INGRESS, Direction.EGRESS]));
    expect((await world.store.log(0, 9))?.map(({ changes }) => changes.length)).toEqual([3]);
  });

  it('lose communication inside the group with their automatic rules', async () => {
    await world.createGroup('g');
    for (const { name } of await rulesOf('g')) await client.deleteSecurityGroupRule({ name });
    expect(await rulesOf('g')).toEqual([]);
  });

  it('exist once, and get a name from the service where the caller chooses none', async () => {
    await world.createGroup('g');
    expect(await failureOf(world.createGroup('g'))).toMatchObject({ code: 'AlreadyExists', resources: [group('g')] });
    const { securityGroup } = await client.createSecurityGroup({ parent });
    expect(securityGroup?.name).toMatch(/^projects\/p\/securityGroups\/sg-[0-9a-f]{12}$/);
  });

  it('change only where the mask says so, and take no revision when nothing changes', async () => {
    const before = await world.createGroup('g');
    const securityGroup = { name: group('g'), displayName: 'n', description: 'd', state: SecurityGroupState.DISABLED };
    const update = { securityGroup, updateMask: { paths: ['state', 'description'] } };
    const first = await client.updateSecurityGroup(update);
    expect(first.securityGroup).toMatchObject({
      ...before,
      etag: expect.not.stringMatching(before.etag),
      displayName: '',
      description: 'd',
      state: SecurityGroupState.DISABLED,
      updateTime: expect.anything(),
    });
    expect(await client.updateSecurityGroup(update)).toEqual(first);
    const missing = client.updateSecurityGroup({ ...update, securityGroup: { ...securityGroup, name: group('x') } });
    expect(await failureOf(missing)).toMatchObject({ code: 'NotFound', resources: [group('x')] });
  });

  it('stop flows that they no longer allow, unless they are told to keep them', async () => {
    const { KEEP, TERMINATE } = policyV1.EstablishedFlows;
    expect((await world.createGroup('g')).establishedFlows).toBe(TERMINATE);
    const securityGroup = { name: group('g'), establishedFlows: KEEP };
    await client.updateSecurityGroup({ securityGroup, updateMask: { paths: ['description'] } });
    expect((await client.getSecurityGroup({ name: group('g') })).securityGroup?.establishedFlows).toBe(TERMINATE);
    await client.updateSecurityGroup({ securityGroup, updateMask: { paths: ['established_flows'] } });
    expect((await client.getSecurityGroup({ name: group('g') })).securityGroup?.establishedFlows).toBe(KEEP);
    const made = await client.createSecurityGroup({ parent, securityGroup: { establishedFlows: KEEP } });
    expect(made.securityGroup?.establishedFlows).toBe(KEEP);
  });

  it('stay while rules of other groups name them, and the answer lists the rules', async () => {
    for (const id of ['g', 'a', 'b']) await world.createGroup(id);
    const rules = [
      await world.createRule('a', goodRule({ remoteSecurityGroup: group('g') })),
      await world.createRule('b', goodRule({ remoteSecurityGroup: group('g'), cidr: '10.0.0.0/8' })),
    ];
    await world.createRule('g', goodRule({ remoteSecurityGroup: group('a') }));
    const failure = await failureOf(client.deleteSecurityGroup({ name: group('g') }));
    expect(failure).toMatchObject({ code: 'FailedPrecondition', reason: 'SECURITY_GROUP_IN_USE' });
    expect(failure.message).toBe(
      `${group('g')} is named by 2 rules of other groups; ListReferencingRules lists all of them`,
    );
    expect(failure.subjects).toEqual(rules.map(({ name }) => name).toSorted());
    expect(await rulesOf('g')).toHaveLength(3);
  });

  it('go by force with the rules that name them, in one commit', async () => {
    for (const id of ['g', 'a']) await world.createGroup(id);
    await world.createRule('a', goodRule({ remoteSecurityGroup: group('g') }));
    const kept = await world.createRule('a', goodRule());
    await client.attachNetworks({ securityGroup: group('g'), networks: [network('net1')] });
    await client.addNics({ securityGroup: group('g'), nics: [nic('n1'), nic('n2')] });
    const { revision } = await world.store.read(async () => undefined);
    await client.deleteSecurityGroup({ name: group('g'), force: true });
    const commits = (await world.store.log(revision, 9)) ?? [];
    expect(commits).toHaveLength(1);
    expect(commits[0]?.changes.map(({ kind, body }) => `${kind} ${body}`).toSorted()).toEqual([
      'membership undefined',
      'membership undefined',
      'securityGroup undefined',
      'securityGroupRule undefined',
      'securityGroupRule undefined',
      'securityGroupRule undefined',
    ]);
    expect((await rulesOf('a')).map(({ name }) => name)).toContain(kept.name);
    expect(await rulesOf('a')).toHaveLength(3);
    expect(await failureOf(client.getSecurityGroup({ name: group('g') }))).toMatchObject({ code: 'NotFound' });
    expect((await client.listMemberships({ parent })).memberships).toEqual([]);
  });

  it('go without force when only their own rules name them, and leave nothing to a later group of the name', async () => {
    const first = await world.createGroup('g');
    await world.createRule('g', goodRule());
    await client.deleteSecurityGroup({ name: group('g') });
    const second = await world.createGroup('g');
    expect(second.uid).not.toBe(first.uid);
    expect(await rulesOf('g')).toHaveLength(2);
    await world.createRule('g', goodRule());
  });

  it('are listed page by page, apart by project', async () => {
    for (const id of ['c', 'a', 'b']) await world.createGroup(id);
    await client.createSecurityGroup({ parent: 'projects/q', securityGroupId: 'other' });
    const first = await client.listSecurityGroups({ parent, pageSize: 2 });
    const second = await client.listSecurityGroups({ parent, pageSize: 2, pageToken: first.nextPageToken });
    const names = [first, second].map(({ securityGroups }) => securityGroups.map(({ name }) => name));
    expect(names).toEqual([[group('a'), group('b')], [group('c')]]);
    expect(second.nextPageToken).toBe('');
  });
});
