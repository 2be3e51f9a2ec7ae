import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { policyV1 } from '@portcullis/api';
import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addressGroup,
  exportedProject,
  goodRule,
  group,
  network,
  openWorld,
  type PolicyWorld,
  parent,
} from '../testing/policy-world.js';

const { ImportEffect, ImportFormat, SecurityGroupState } = policyV1;

let world: PolicyWorld;
let client: PolicyWorld['client'];

beforeEach(async () => {
  world = await openWorld();
  client = world.client;
});
afterEach(() => world.close());

const fixture = (file: string) => readFileSync(new URL(`testing/${file}`, import.meta.url), 'utf8');
const aws = (groups: object[], more: object = {}) =>
  client.importSecurityGroups({
    parent,
    format: ImportFormat.AWS,
    document: JSON.stringify({ SecurityGroups: groups }),
    ...more,
  });
const openstack = (document: unknown, more: object = {}) =>
  client.importSecurityGroups({ parent, format: ImportFormat.OPENSTACK, document: JSON.stringify(document), ...more });
const zstack = (rules: object[], more: object = {}) =>
  client.importSecurityGroups({
    parent,
    format: ImportFormat.ZSTACK,
    document: JSON.stringify({ inventories: [{ uuid: 'u', name: 'z', rules }] }),
    ...more,
  });
const web = { GroupId: 'sg-1', GroupName: 'web', IpPermissions: [], IpPermissionsEgress: [] };
const told = ({ findings }: policyV1.ImportSecurityGroupsResponse) =>
  findings.map(({ effect, reason, path }) => `${ImportEffect[effect]} ${reason} ${path}`);
const groupsOf = async (project = parent) => (await client.listSecurityGroups({ parent: project })).securityGroups;
const revision = async () => (await world.store.read(async () => undefined)).revision;

describe('what was not carried over', () => {
  it('of AWS is told with its place', async () => {
    const answer = await client.importSecurityGroups({
      parent,
      format: ImportFormat.AWS,
      document: fixture('aws.json'),
    });
    expect(told(answer)).toEqual([
      'NARROWER PREFIX_LIST_NOT_CARRIED SecurityGroups[0].IpPermissions[1].PrefixListIds[0]',
      'NARROWER PROTOCOL_NOT_CARRIED SecurityGroups[0].IpPermissions[3]',
      'SAME TAG_NOT_CARRIED SecurityGroups[0].Tags[1]',
      'NARROWER GROUP_NOT_IN_DOCUMENT SecurityGroups[1].IpPermissions[0].UserIdGroupPairs[1]',
      'NARROWER PORT_ZERO SecurityGroups[1].IpPermissions[2]',
      'SAME EGRESS_CLOSED SecurityGroups[1].IpPermissionsEgress',
      'SAME EGRESS_CLOSED SecurityGroups[2].IpPermissionsEgress',
    ]);
    expect(answer.securityGroups).toMatchObject([
      { sourceId: 'sg-0a11ce00web00001', name: group('web-servers'), ruleCount: 5 },
      { sourceId: 'sg-0db000000000002', name: group('database'), ruleCount: 5 },
      { sourceId: 'sg-0c105ed0000003', name: group('closed'), ruleCount: 1 },
    ]);
    expect(await client.getSecurityGroup({ name: group('web-servers') })).toMatchObject({
      securityGroup: {
        displayName: 'Web Servers',
        description: 'Front ends',
        labels: { tier: 'front', 'import-source': 'sg-0a11ce00web00001' },
      },
    });
  });

  it('of OpenStack is told with its place', async () => {
    const document = fixture('openstack.json');
    const answer = await client.importSecurityGroups({ parent, format: ImportFormat.OPENSTACK, document });
    expect(told(answer)).toEqual([
      'NARROWER PROTOCOL_NOT_CARRIED security_groups[0].security_group_rules[4]',
      'SAME TAG_NOT_CARRIED security_groups[0].tags[1]',
      'SAME ADDRESS_GROUP_EXPANDED security_groups[1].security_group_rules[1]',
      'NARROWER GROUP_NOT_IN_DOCUMENT security_groups[1].security_group_rules[2]',
      'SAME EGRESS_CLOSED security_groups[1].security_group_rules',
    ]);
    expect(answer.securityGroups.map(({ name }) => name)).toEqual([
      group('default-00000001'),
      group('default-00000002'),
    ]);
  });

  it('of ZStack is told with its place', async () => {
    const document = fixture('zstack.json');
    const answer = await client.importSecurityGroups({ parent, format: ImportFormat.ZSTACK, document });
    expect(told(answer)).toEqual(['SAME DROP_NOT_CARRIED inventories[0].rules[5]']);
    const egress = { type: 'Egress', protocol: 'TCP', action: 'ACCEPT', priority: 2, dstPortRange: '443' };
    const rest = await zstack([
      egress,
      { ...egress, type: 'Ingress', dstIpRange: '10.0.0.1' },
      { type: 'Ingress', protocol: 'ICMP', startPort: 3, endPort: 8 },
      { type: 'Ingress', protocol: 'TCP', remoteSecurityGroupUuid: 'x' },
    ]);
    expect(told(rest)).toEqual([
      'NARROWER OWN_SIDE_NOT_CARRIED inventories[0].rules[1]',
      'NARROWER ICMP_NOT_CARRIED inventories[0].rules[2]',
      'NARROWER GROUP_NOT_IN_DOCUMENT inventories[0].rules[3]',
      'NARROWER EGRESS_CLOSED inventories[0].rules',
    ]);
  });

  it.each(['gre', '0', 0])('of one group of OpenStack is told with the place where it is: %s', async (protocol) => {
    const said = { id: 'i', name: 'n', stateful: true };
    const rules = [{ direction: 'ingress', ethertype: 'IPv6', protocol }];
    const single = await openstack({ security_group: { ...said, security_group_rules: rules } });
    expect(told(single)[0]).toBe('NARROWER PROTOCOL_NOT_CARRIED security_group.security_group_rules[0]');
    const shown = openstack({ ...said, rules: [{ ...rules[0], direction: 'up' }] });
    expect(await failureOf(shown)).toMatchObject({ violations: ['document.rules[0].direction DOCUMENT_MALFORMED'] });
  });
});

describe('a document whose groups would allow more here', () => {
  const accept = {
    type: 'Ingress',
    protocol: 'TCP',
    action: 'ACCEPT',
    priority: 2,
    srcIpRange: '10.0.0.0/8',
    dstPortRange: '80',
  };
  const drop = { ...accept, action: 'DROP', priority: 1, srcIpRange: '10.1.0.0/16' };

  it('is refused, each finding named, unless that is wanted', async () => {
    expect(await failureOf(zstack([accept, drop]))).toMatchObject({
      code: 'FailedPrecondition',
      reason: 'IMPORT_WIDER',
      subjects: ['inventories[0].rules[1]'],
    });
    expect(await groupsOf()).toEqual([]);
    const answer = await zstack([accept, drop], { allowWider: true });
    expect(told(answer)).toEqual(['WIDER DROP_NOT_CARRIED inventories[0].rules[1]']);
    expect(answer.securityGroups).toMatchObject([{ ruleCount: 1 }]);
  });

  it.each([
    ['comes after what it would shadow', { priority: 3 }],
    ['is of another port', { dstPortRange: '81-90' }],
    ['is of another protocol', { protocol: 'UDP' }],
    ['is of other addresses', { srcIpRange: '11.0.0.0/8' }],
    ['is disabled', { state: 'Disabled' }],
  ])('is not one whose rule that drops %s', async (_, more) => {
    expect(told(await zstack([accept, { ...drop, ...more }]))).toEqual([
      'SAME DROP_NOT_CARRIED inventories[0].rules[1]',
    ]);
  });

  it('is one whose rule drops what goes out of a group that is open', async () => {
    const egress = { type: 'Egress', protocol: 'ALL', action: 'DROP', dstIpRange: '10.0.0.0/8' };
    expect(await failureOf(zstack([egress]))).toMatchObject({ reason: 'IMPORT_WIDER' });
  });

  it('is one with a stateless group', async () => {
    const stateless = { id: 'i', name: 'n', stateful: false, security_group_rules: [] };
    expect(await failureOf(openstack({ security_groups: [stateless] }))).toMatchObject({
      subjects: ['security_groups[0].stateful'],
    });
  });
});

describe('an import', () => {
  it('is of one revision, attaches networks, and gives groups no rules of their own', async () => {
    const before = await revision();
    await aws([web], { networks: [network('net1')] });
    expect(await revision()).toBe(before + 1);
    expect(await groupsOf()).toMatchObject([{ name: group('web'), networks: [network('net1')] }]);
    const { securityGroupRules } = await client.listSecurityGroupRules({ parent: group('web') });
    expect(securityGroupRules).toMatchObject([{ direction: policyV1.Direction.EGRESS, disabled: true }]);
  });

  it('is all or none: a group that exists, a network that does not, and a quota stop all of it', async () => {
    await world.createGroup('web');
    const other = { ...web, GroupId: 'sg-2', GroupName: 'other' };
    expect(await failureOf(aws([other, web]))).toMatchObject({ code: 'AlreadyExists', resources: [group('web')] });
    expect(await failureOf(aws([other], { networks: [network('x')] }))).toMatchObject({
      code: 'NotFound',
      resources: [network('x')],
    });
    const projectQuota = { name: `${parent}/quota`, groupsPerProject: 2, rulesPerGroup: 0 };
    await client.updateProjectQuota({ projectQuota, updateMask: { paths: ['groups_per_project'] } });
    const third = { ...web, GroupId: 'sg-3', GroupName: 'third' };
    expect(await failureOf(aws([other, third]))).toMatchObject({ reason: 'QUOTA_EXCEEDED' });
    await client.updateProjectQuota({ projectQuota, updateMask: { paths: ['rules_per_group'] } });
    expect(await failureOf(aws([other]))).toMatchObject({ reason: 'QUOTA_EXCEEDED' });
    expect((await groupsOf()).map(({ name }) => name)).toEqual([group('web')]);
  });

  it('is carried out once where it is repeated, and not at all where it only validates', async () => {
    const trial = await aws([web], { validateOnly: true });
    expect(trial.securityGroups).toMatchObject([{ name: group('web'), ruleCount: 1 }]);
    expect(await groupsOf()).toEqual([]);
    const requestId = randomUUID();
    const first = await aws([web], { requestId });
    expect(await aws([web], { requestId })).toEqual(first);
  });

  it.each(['constructor', 'tcpx', '132'])('leaves out rules of the protocol %s, and says so', async (IpProtocol) => {
    const permission = { IpProtocol, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    expect(told(await aws([{ ...web, IpPermissions: [permission] }]))[0]).toBe(
      'NARROWER PROTOCOL_NOT_CARRIED SecurityGroups[0].IpPermissions[0]',
    );
  });

  it('of ZStack keeps the family of egress to the group itself where other rules close egress', async () => {
    const own = { type: 'Egress', protocol: 'ALL', remoteSecurityGroupUuid: 'u', priority: 0 };
    await zstack([own, { type: 'Egress', protocol: 'TCP', dstPortRange: '443', priority: 1 }]);
    const { securityGroupRules } = await client.listSecurityGroupRules({ parent: group('z') });
    expect(securityGroupRules.map(({ cidr }) => cidr)).toEqual(['0.0.0.0/0', '0.0.0.0/0']);
  });

  it('cuts what is too long to be a description, and says so', async () => {
    const answer = await aws([{ ...web, Description: 'é'.repeat(1025) }]);
    expect(told(answer)).toContain('SAME DESCRIPTION_CUT SecurityGroups[0]');
    expect((await groupsOf())[0]?.description).toBe('é'.repeat(1024));
  });

  it('takes two words of a source that mean the same for one rule', async () => {
    const permission = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '10.0.0.1/8' }] };
    const same = { ...permission, IpProtocol: '6', IpRanges: [{ CidrIp: '10.0.0.0/8' }] };
    const answer = await aws([{ ...web, IpPermissions: [permission, same] }]);
    expect(answer.securityGroups).toMatchObject([{ ruleCount: 2 }]);
  });

  it('of a disabled group of ZStack keeps its NICs guarded', async () => {
    const document = JSON.stringify({
      inventories: [{ uuid: 'u', name: 'z', state: 'Disabled', rules: [{ type: 'Ingress', protocol: 'ALL' }] }],
    });
    const answer = await client.importSecurityGroups({ parent, format: ImportFormat.ZSTACK, document });
    expect(told(answer)).toEqual(['NARROWER GROUP_DISABLED inventories[0].state']);
    expect(await groupsOf()).toMatchObject([{ state: SecurityGroupState.ENABLED }]);
    const { securityGroupRules } = await client.listSecurityGroupRules({ parent: group('z') });
    expect(securityGroupRules.map(({ disabled }) => disabled)).toEqual([true]);
  });
});

describe('an exported project', () => {
  const target = 'projects/q';
  const reimport = async () => {
    const document = JSON.stringify(await exportedProject(world, parent));
    return client.importSecurityGroups({ parent: target, format: ImportFormat.PORTCULLIS, document });
  };
  const setDefaultRules = (project: string, withPeers = true) =>
    client.updateDefaultRules({
      defaultRules: {
        name: `${project}/defaultRules`,
        rules: withPeers
          ? [
              goodRule({ remoteSecurityGroup: `${project}/securityGroups/-` }),
              goodRule({ remoteSecurityGroup: `${project}/securityGroups/g`, endPort: 23 }),
              goodRule({ addressGroup: `${project}/addressGroups/office`, endPort: 24 }),
            ]
          : [goodRule({ cidr: '10.0.0.0/8' })],
        withoutAutomaticRules: true,
      },
      updateMask: { paths: ['rules', 'without_automatic_rules'] },
    });
  /** Without what differs between two projects, and in another order. */
  const comparable = async (project: string) => {
    const { securityGroups, securityGroupRules, addressGroups, defaultRules } = await exportedProject(world, project);
    const own = new Set(['uid', 'createTime', 'updateTime', 'etag', 'version']);
    const text = JSON.stringify({ securityGroups, securityGroupRules, addressGroups, defaultRules }, (key, value) =>
      own.has(key) ? undefined : value,
    );
    return JSON.parse(text.replaceAll(`${project}/`, 'projects/-/'));
  };

  it('becomes the same groups, rules, attachments, address groups and default rules in another one', async () => {
    world.inventory.addNetwork(`${target}/networks/net1`);
    for (const id of ['g', 'h']) await world.createGroup(id);
    await client.attachNetworks({ securityGroup: group('g'), networks: [network('net1')] });
    await client.createAddressGroup({
      parent,
      addressGroupId: 'office',
      addressGroup: { cidrs: ['10.0.0.1/8', '::1'], labels: { a: 'b' } },
    });
    await world.createRule('g', goodRule({ addressGroup: addressGroup('office'), description: 'd' }));
    await world.createRule('h', goodRule({ remoteSecurityGroup: group('g'), cidr: '10.0.0.1/8', disabled: true }));
    await client.updateSecurityGroup({
      securityGroup: { name: group('h'), state: SecurityGroupState.DISABLED, labels: { tier: 'x' } },
      updateMask: { paths: ['state', 'labels'] },
    });
    await setDefaultRules(parent);
    const answer = await reimport();
    expect(answer.findings).toEqual([]);
    expect(answer.securityGroups).toMatchObject([
      { sourceId: 'g', name: `${target}/securityGroups/g`, ruleCount: 3 },
      { sourceId: 'h', name: `${target}/securityGroups/h`, ruleCount: 3 },
    ]);
    expect(await comparable(target)).toEqual(await comparable(parent));
  });

  it('has rules that have expired as disabled ones', async () => {
    await world.createGroup('g');
    const document = await exportedProject(world, parent);
    const [rule] = document.securityGroupRules as object[];
    const expired = { ...rule, expireTime: '2020-01-01T00:00:00Z' };
    const first = { rules: [{ ...rule, name: '', expireTime: '2020-01-01T00:00:00Z' }], withoutAutomaticRules: true };
    const answer = await client.importSecurityGroups({
      parent: target,
      format: ImportFormat.PORTCULLIS,
      document: JSON.stringify({ ...document, securityGroupRules: [expired], defaultRules: first }),
    });
    expect(told(answer)).toEqual([
      'SAME RULE_EXPIRED securityGroupRules[0]',
      'SAME RULE_EXPIRED defaultRules.rules[0]',
    ]);
    const { securityGroupRules } = await client.listSecurityGroupRules({ parent: `${target}/securityGroups/g` });
    expect(securityGroupRules).toMatchObject([{ disabled: true, automatic: true, expired: false }]);
    expect(securityGroupRules[0]?.expireTime).toBeUndefined();
  });

  it('does not replace what the other project says about new groups', async () => {
    await setDefaultRules(parent, false);
    await setDefaultRules(target, false);
    expect(await failureOf(reimport())).toMatchObject({
      code: 'AlreadyExists',
      resources: [`${target}/defaultRules`],
    });
  });

  it('needs its networks in the other project', async () => {
    await world.createGroup('g');
    await client.attachNetworks({ securityGroup: group('g'), networks: [network('net1')] });
    expect(await failureOf(reimport())).toMatchObject({ code: 'NotFound', resources: [`${target}/networks/net1`] });
  });

  it('whose rules name what it does not hold is refused', async () => {
    await world.createGroup('g');
    const document = await exportedProject(world, parent);
    document.securityGroups = [];
    const call = client.importSecurityGroups({
      parent: target,
      format: ImportFormat.PORTCULLIS,
      document: JSON.stringify(document),
    });
    expect(await failureOf(call)).toMatchObject({
      violations: ['document.securityGroupRules[0].name DOCUMENT_MALFORMED'],
    });
  });
});
