import { toBinary } from '@bufbuild/protobuf';
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
const none = { startPort: undefined, endPort: undefined } as unknown as RuleInit;
const icmp: RuleInit = { protocol: Protocol.ICMP, ...none };

describe('rules', () => {
  let world: PolicyWorld;
  let client: PolicyWorld['client'];

  beforeEach(async () => {
    world = await openWorld();
    client = world.client;
    await world.createGroup('g');
    await world.createGroup('h');
    for (const addressGroupId of ['a', 'b']) await client.createAddressGroup({ parent, addressGroupId });
  });
  afterEach(() => world.close());

  it.each<[string, string]>([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8:0:0:1::5/48', '2001:db8::/48'],
    ['2001:db8::0001', '2001:db8::1/128'],
    ['::/0', '::/0'],
  ])('keep %s as it was sent, and say that it means %s', async (cidr, maskedCidr) => {
    expect(await world.createRule('g', goodRule({ cidr }))).toMatchObject({ cidr, maskedCidr });
  });

  it.each<[string, RuleInit, RuleInit]>([
    ['no ports are -1', icmp, { startPort: -1, endPort: -1 }],
    ['-1 is taken', { ...icmp, startPort: -1, endPort: -1 }, { startPort: -1, endPort: -1 }],
    ['a type', { ...icmp, icmpType: 8 }, { icmpType: 8, startPort: -1 }],
    ['a type and a code', { ...icmp, icmpType: 3, icmpCode: 4 }, { icmpType: 3, icmpCode: 4, endPort: -1 }],
    ['type 0 and code 0', { ...icmp, icmpType: 0, icmpCode: 0 }, { icmpType: 0, icmpCode: 0 }],
  ])('of ICMP: %s', async (_, rule, stored) => {
    expect(await world.createRule('g', goodRule(rule))).toMatchObject(stored);
  });

  it.each<[string, RuleInit]>([
    ['all ports of UDP', { protocol: Protocol.UDP, startPort: 1, endPort: 65_535 }],
    ['everything, out', { direction: Direction.EGRESS, protocol: Protocol.ALL, ...none }],
    ['their own group', { remoteSecurityGroup: group('g') }],
    ['a CIDR and a group', { remoteSecurityGroup: group('h'), cidr: '10.0.0.0/8' }],
    ['an address group', { addressGroup: addressGroup('a') }],
    ['an address group and a group', { addressGroup: addressGroup('a'), remoteSecurityGroup: group('h') }],
    ['the longest description', { description: 'x'.repeat(1024) }],
    ['a time to come', { expireTime: timestampFromDate(new Date(Date.now() + 60_000)) }],
    ['nothing while disabled', { disabled: true }],
  ])('may name %s', async (_, rule) => {
    const made = await world.createRule('g', goodRule(rule));
    expect(made).toMatchObject(JSON.parse(JSON.stringify({ ...rule, expireTime: undefined })));
    expect(made.automatic || made.expired).toBe(false);
    expect((await client.getSecurityGroupRule({ name: made.name })).securityGroupRule).toEqual(made);
  });

  it('ignore what only the service says', async () => {
    const more = { name: 'n', uid: 'u', automatic: true, expired: true, maskedCidr: '1.2.3.0/24' };
    const made = await world.createRule('g', goodRule(more));
    expect(made).toMatchObject({ automatic: false, expired: false, maskedCidr: '' });
    expect(made.name).toMatch(/^projects\/p\/securityGroups\/g\/rules\/r-[0-9a-f]{12}$/);
    expect(made.uid).not.toBe('u');
  });

  it.each<[string, RuleInit, RuleInit]>([
    ['are equal', {}, {}],
    ['have the same masked CIDR', { cidr: '10.0.0.1/8' }, { cidr: '10.9.9.9/8' }],
    ['write an address in two ways', { cidr: '10.0.0.1' }, { cidr: '10.0.0.1/32' }],
    ['differ in their description', { description: 'a' }, { description: 'b' }],
    ['differ in being disabled', {}, { disabled: true }],
    [
      'have the same address group',
      { addressGroup: addressGroup('a'), remoteSecurityGroup: group('h') },
      { addressGroup: addressGroup('a'), remoteSecurityGroup: group('h'), disabled: true },
    ],
    ['write ICMP in two ways', icmp, { ...icmp, startPort: -1, endPort: -1 }],
  ])('are the same when they %s', async (_, first, second) => {
    const made = await world.createRule('g', goodRule(first));
    const failure = await failureOf(world.createRule('g', goodRule(second)));
    expect(failure).toMatchObject({
      code: 'AlreadyExists',
      resources: [made.name],
      message: `security_group_rule is the same rule as ${made.name}`,
    });
    await world.createRule('h', goodRule(second));
    await client.deleteSecurityGroupRule({ name: made.name });
    await world.createRule('g', goodRule(second));
  });

  it.each<[string, RuleInit]>([
    ['direction', { direction: Direction.EGRESS }],
    ['protocol', { protocol: Protocol.UDP }],
    ['ports', { endPort: 23 }],
    ['family', { cidr: '::/0' }],
    ['CIDR', { cidr: '0.0.0.0/0' }],
    ['remote group', { remoteSecurityGroup: group('g') }],
    ['having an address group', { addressGroup: addressGroup('b') }],
    ['address group', { addressGroup: addressGroup('b'), remoteSecurityGroup: group('h') }],
    ['remote group beside an address group', { addressGroup: addressGroup('a') }],
    ['ICMP type', { ...icmp, icmpType: 8 }],
    ['ICMP code', { ...icmp, icmpType: 8, icmpCode: 0 }],
  ])('are different when they differ in %s', async (_, more) => {
    await world.createRule('g', goodRule());
    await world.createRule('g', goodRule(icmp));
    await world.createRule('g', goodRule({ addressGroup: addressGroup('a'), remoteSecurityGroup: group('h') }));
    await world.createRule('g', goodRule(more));
  });

  it('need their group, their remote group and their address group, and the answer names what is missing', async () => {
    const rule = goodRule({ remoteSecurityGroup: group('none'), addressGroup: addressGroup('none') });
    expect(await failureOf(world.createRule('nowhere', rule))).toMatchObject({
      code: 'NotFound',
      reason: 'RESOURCE_NOT_FOUND',
      resources: [group('nowhere'), group('none'), addressGroup('none')],
    });
    for (const call of [
      client.listSecurityGroupRules({ parent: group('nowhere') }),
      client.getSecurityGroupRule({ name: `${group('g')}/rules/none` }),
      client.deleteSecurityGroupRule({ name: `${group('g')}/rules/none` }),
    ]) {
      expect(await failureOf(call)).toMatchObject({ code: 'NotFound' });
    }
  });

  describe('in a batch', () => {
    const batch = (...securityGroupRules: RuleInit[]) =>
      client.batchCreateSecurityGroupRules({ parent: group('g'), securityGroupRules });

    it('come back in the order of the request, made in one commit', async () => {
      const rules = Array.from({ length: 500 }, (_, i) => goodRule({ startPort: 500 - i, endPort: 500 }));
      const { revision } = await world.store.read(async () => undefined);
      const { securityGroupRules } = await batch(...rules);
      expect(securityGroupRules.map(({ startPort }) => startPort)).toEqual(rules.map(({ startPort }) => startPort));
      expect((await world.store.log(revision, 9))?.map(({ changes }) => changes.length)).toEqual([500]);
    });

    it('are made all or none', async () => {
      const existing = await world.createRule('g', goodRule({ endPort: 100 }));
      const failure = await failureOf(batch(goodRule(), goodRule({ endPort: 100 })));
      expect(failure).toMatchObject({
        code: 'AlreadyExists',
        resources: [existing.name],
        message: `security_group_rules[1] is the same rule as ${existing.name}`,
      });
      expect(await failureOf(batch(goodRule(), goodRule({ remoteSecurityGroup: group('x') })))).toMatchObject({
        code: 'NotFound',
        resources: [group('x')],
      });
      expect((await client.listSecurityGroupRules({ parent: group('g') })).securityGroupRules).toHaveLength(3);
    });

    it('are not the same twice', async () => {
      expect(await failureOf(batch(goodRule({ cidr: '10.0.0.1/8' }), goodRule({ cidr: '10.0.0.0/8' })))).toMatchObject({
        code: 'AlreadyExists',
        resources: ['security_group_rules[0]'],
        message: 'security_group_rules[1] is the same rule as security_group_rules[0]',
      });
    });
  });

  it('change their description, their time and whether they are in force, never what they match', async () => {
    const made = await world.createRule('g', goodRule({ cidr: '10.0.0.0/8' }));
    const expireTime = timestampFromDate(new Date(Date.now() + 60_000));
    const change = { name: made.name, description: 'd', disabled: true, expireTime, cidr: 'x', startPort: 7 };
    const update = (paths: string[], more: RuleInit = {}) =>
      client.updateSecurityGroupRule({ securityGroupRule: { ...change, ...more }, updateMask: { paths } });
    const { securityGroupRule: changed } = await update(['description', 'disabled', 'expire_time']);
    expect(changed).toMatchObject({ description: 'd', disabled: true, expireTime, cidr: '10.0.0.0/8', startPort: 22 });
    const cleared = await client.updateSecurityGroupRule({
      securityGroupRule: { name: made.name },
      updateMask: { paths: ['expire_time'] },
    });
    expect(cleared.securityGroupRule?.expireTime).toBeUndefined();
    expect(cleared.securityGroupRule?.description).toBe('d');
    expect(await failureOf(world.createRule('g', goodRule({ cidr: '10.0.0.0/8' })))).toMatchObject({
      code: 'AlreadyExists',
    });
    expect(await failureOf(update(['disabled'], { name: `${group('g')}/rules/x` }))).toMatchObject({
      code: 'NotFound',
    });
  });

  it('are listed by the address group that they name, until they are gone', async () => {
    const made = await world.createRule('h', goodRule({ addressGroup: addressGroup('a') }));
    await world.createRule('h', goodRule({ addressGroup: addressGroup('b') }));
    const listed = async () =>
      (await client.listReferencingRules({ name: addressGroup('a') })).securityGroupRules.map(({ name }) => name);
    expect(await listed()).toEqual([made.name]);
    expect(await failureOf(client.deleteAddressGroup({ name: addressGroup('a') }))).toMatchObject({
      reason: 'ADDRESS_GROUP_IN_USE',
      subjects: [made.name],
    });
    await client.deleteSecurityGroupRule({ name: made.name });
    expect(await listed()).toEqual([]);
  });

  it('are listed in pages that every client can take, however long their texts are', async () => {
    const description = '\u{1f600}'.repeat(1024);
    for (const startPort of [1, 501]) {
      const securityGroupRules = Array.from({ length: 500 }, (_, i) =>
        goodRule({ startPort: startPort + i, endPort: 2000, description }),
      );
      await client.batchCreateSecurityGroupRules({ parent: group('g'), securityGroupRules });
    }
    const names = new Set<string>();
    let pageToken = '';
    do {
      const page = await client.listSecurityGroupRules({ parent: group('g'), pageSize: 1000, pageToken });
      expect(toBinary(policyV1.ListSecurityGroupRulesResponseSchema, page).length).toBeLessThan(4 << 20);
      for (const { name } of page.securityGroupRules) names.add(name);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(names.size).toBe(1002);
  });
});
