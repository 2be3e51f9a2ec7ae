import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { policyV1 } from '@portcullis/api';
import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressGroup, goodRule, group, openWorld, type PolicyWorld, parent } from '../testing/policy-world.js';

const { Direction, Protocol } = policyV1;
type Batch = Parameters<PolicyWorld['client']['batchCreateSecurityGroupRules']>[0];

let world: PolicyWorld;

beforeEach(async () => {
  world = await openWorld();
  for (const id of ['g', 'h']) await world.createGroup(id);
});
afterEach(() => world.close());

const batch = async (request: Batch) => {
  const answer = await world.client.batchCreateSecurityGroupRules({ parent: group('g'), ...request });
  return answer.securityGroupRules;
};
const ingress = { direction: Direction.INGRESS, protocol: Protocol.TCP };
const listed = async () =>
  (await world.client.listSecurityGroupRules({ parent: group('g'), pageSize: 1000 })).securityGroupRules;
const words = ({
  startPort,
  endPort,
  maskedCidr,
  addressGroup: list,
  remoteSecurityGroup,
}: policyV1.SecurityGroupRule) =>
  [`${startPort}-${endPort}`, maskedCidr || list || remoteSecurityGroup || 'anyone'].join(' ');

describe('an expansion', () => {
  it('is one rule for every port range and peer, port range by port range, after the rules of the request', async () => {
    for (const addressGroupId of ['a', 'b']) await world.client.createAddressGroup({ parent, addressGroupId });
    const { revision } = await world.store.read(async () => undefined);
    const made = await batch({
      securityGroupRules: [goodRule()],
      expansions: [
        {
          ...ingress,
          portRanges: [{ startPort: 80 }, { startPort: 8000, endPort: 8999 }],
          cidrs: ['10.1.2.3/8', '2001:db8::1'],
          addressGroups: [addressGroup('b'), addressGroup('a')],
          remoteSecurityGroups: [group('h'), group('g')],
        },
        { ...ingress, portRanges: [{ startPort: 443 }] },
      ],
    });
    const peers = ['10.0.0.0/8', '2001:db8::1/128', addressGroup('b'), addressGroup('a'), group('h'), group('g')];
    expect(made.map(words)).toEqual([
      '22-22 anyone',
      ...peers.map((peer) => `80-80 ${peer}`),
      ...peers.map((peer) => `8000-8999 ${peer}`),
      '443-443 anyone',
    ]);
    expect(made[1]).toMatchObject({ cidr: '10.1.2.3/8', automatic: false, name: expect.stringMatching(/\/rules\/r-/) });
    expect((await world.store.log(revision, 9))?.map(({ changes }) => changes.length)).toEqual([made.length]);
    expect(new Set((await listed()).map(({ name }) => name)).size).toBe(2 + made.length);
  });

  it.each([
    [Protocol.ALL, undefined],
    [Protocol.ICMP, -1],
  ])('of protocol %i has no port ranges', async (protocol, startPort) => {
    const [made, ...more] = await batch({ expansions: [{ direction: Direction.EGRESS, protocol }] });
    expect(made?.startPort).toBe(startPort);
    expect(made).toMatchObject({ direction: Direction.EGRESS, protocol, cidr: '', remoteSecurityGroup: '' });
    expect(more).toEqual([]);
  });

  it('gives its description, labels and time to each of its rules', async () => {
    const expireTime = timestampFromDate(new Date(Date.now() + 60_000));
    const shared = { description: 'd', labels: { tier: 'web' }, expireTime };
    const portRanges = [{ startPort: 1 }, { startPort: 2 }];
    for (const rule of await batch({ expansions: [{ ...ingress, ...shared, portRanges }] })) {
      expect(rule).toMatchObject(shared);
    }
  });

  it('names its parts when a rule is there twice, and what it names that is not there', async () => {
    const portRanges = [{ startPort: 1 }, { startPort: 22 }];
    const cidrs = ['10.0.0.0/8', '10.1.0.0/8'];
    expect(await failureOf(batch({ expansions: [{ ...ingress, portRanges, cidrs }] }))).toMatchObject({
      code: 'AlreadyExists',
      message:
        'expansions[0].port_ranges[0] with cidrs[1] is the same rule as expansions[0].port_ranges[0] with cidrs[0]',
    });
    const existing = await world.createRule('g', goodRule());
    expect(await failureOf(batch({ expansions: [{ ...ingress, portRanges }] }))).toMatchObject({
      code: 'AlreadyExists',
      resources: [existing.name],
      message: `expansions[0].port_ranges[1] is the same rule as ${existing.name}`,
    });
    const missing = { addressGroups: [addressGroup('x')], remoteSecurityGroups: [group('x')] };
    expect(await failureOf(batch({ expansions: [{ ...ingress, portRanges, ...missing }] }))).toMatchObject({
      code: 'NotFound',
      resources: [group('x'), addressGroup('x')],
    });
    expect(await listed()).toHaveLength(3);
  });

  it('may stand for 500 rules, with those of the request', async () => {
    const cidrs = Array.from({ length: 499 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    const expansions = [{ ...ingress, cidrs, portRanges: [{ startPort: 1 }] }];
    expect(await batch({ securityGroupRules: [goodRule()], expansions })).toHaveLength(500);
    const more = [goodRule({ endPort: 23 }), goodRule({ endPort: 24 })];
    expect(await failureOf(batch({ securityGroupRules: more, expansions }))).toMatchObject({
      violations: ['expansions ITEM_COUNT_OUT_OF_RANGE'],
      message: 'expansions: stands for 501 rules, with security_group_rules; 1-500 are allowed',
    });
  });
});

describe('with skip_existing', () => {
  it('rules that the group has already are answered as they are, and only the others are made', async () => {
    const existing = await world.createRule('g', goodRule({ cidr: '10.0.0.0/8', description: 'mine' }));
    const sent = [goodRule({ cidr: '10.9.9.9/8', description: 'yours' }), goodRule({ cidr: '192.0.2.0/24' })];
    const [first, second] = await batch({ securityGroupRules: sent, skipExisting: true });
    expect(first).toEqual(existing);
    expect(second?.maskedCidr).toBe('192.0.2.0/24');
    expect(await listed()).toHaveLength(4);
  });

  it('a rule that the request says twice is made once, and is in both places', async () => {
    const expansion = { ...ingress, portRanges: [{ startPort: 22 }], cidrs: ['10.0.0.0/8', '192.0.2.0/24'] };
    const securityGroupRules = [goodRule({ cidr: '10.0.0.0/8', description: 'first' })];
    const made = await batch({ securityGroupRules, expansions: [expansion, expansion], skipExisting: true });
    expect(made.map(({ maskedCidr }) => maskedCidr)).toEqual([
      ...['10.0.0.0/8', '10.0.0.0/8', '192.0.2.0/24', '10.0.0.0/8', '192.0.2.0/24'],
    ]);
    expect(new Set(made.map(({ name }) => name)).size).toBe(2);
    expect(made[1]).toEqual(made[0]);
    expect(await listed()).toHaveLength(4);
  });

  it('a request again changes nothing, and what is there is no growth', async () => {
    const request = {
      expansions: [{ ...ingress, portRanges: [{ startPort: 1 }, { startPort: 2 }] }],
      skipExisting: true,
    };
    const first = await batch(request);
    const { revision } = await world.store.read(async () => undefined);
    const projectQuota = { name: `${parent}/quota`, rulesPerGroup: 3 };
    await world.client.updateProjectQuota({ projectQuota, updateMask: { paths: ['rules_per_group'] } });
    expect(await batch(request)).toEqual(first);
    expect((await world.store.read(async () => undefined)).revision).toBe(revision);
    expect(await failureOf(batch({ ...request, securityGroupRules: [goodRule()] }))).toMatchObject({
      reason: 'QUOTA_EXCEEDED',
    });
  });

  it('rules of another group are other rules, and what is wrong stays wrong', async () => {
    const rule = await world.createRule('h', goodRule());
    const [made] = await batch({ securityGroupRules: [goodRule()], skipExisting: true });
    expect(made?.name).not.toBe(rule.name);
    const missing = batch({ securityGroupRules: [goodRule({ remoteSecurityGroup: group('x') })], skipExisting: true });
    expect(await failureOf(missing)).toMatchObject({ code: 'NotFound', resources: [group('x')] });
  });
});
