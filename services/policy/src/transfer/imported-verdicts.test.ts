import { readFileSync } from 'node:fs';
import { policyV1 } from '@portcullis/api';
import { judge, type Packet, type Protocol, type Rule, type World } from '@portcullis/model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorld, type PolicyWorld, parent } from '../testing/policy-world.js';

const { Direction, ImportFormat } = policyV1;

/** Of the groups of a document, in its order, by the family of the packet. */
const members = [
  { 4: '10.200.0.1', 6: '2001:db8:f::1' },
  { 4: '10.200.0.2', 6: '2001:db8:f::2' },
  { 4: '10.200.0.3', 6: '2001:db8:f::3' },
] as const;

const tcp = (destinationPort: number) => ({ protocol: 'tcp', sourcePort: 40_000, destinationPort }) as const;
const udp = (destinationPort: number) => ({ protocol: 'udp', sourcePort: 40_000, destinationPort }) as const;
const icmp = (type: number, code = 0) => ({ protocol: 'icmp', type, code }) as const;
const other = (protocol: number) => ({ protocol }) as const;

/**
 * Which group, which way, the other end (an address, or the place of a group whose NIC it is), what, and what the source decides.
 * Where a finding says that less is allowed here: 'lost'.
 */
type Row = readonly [number, 'in' | 'out', string | number, Packet['payload'], 'passes' | 'stops' | 'lost'];

const aws: Row[] = [
  [0, 'in', '203.0.113.7', tcp(443), 'passes'],
  [0, 'in', '2001:db8::7', tcp(443), 'passes'],
  [0, 'in', '203.0.113.7', tcp(444), 'stops'],
  [0, 'in', '203.0.113.7', udp(443), 'stops'],
  [0, 'in', '198.51.100.9', tcp(22), 'passes'],
  [0, 'in', '198.51.101.9', tcp(22), 'stops'],
  [0, 'in', '10.1.2.3', icmp(8), 'passes'],
  [0, 'in', '10.1.2.3', icmp(8, 5), 'passes'],
  [0, 'in', '10.1.2.3', icmp(0), 'stops'],
  [0, 'in', '2001:db8::7', icmp(128), 'stops'],
  [0, 'in', '10.9.1.1', other(47), 'lost'],
  [0, 'in', 0, tcp(8080), 'stops'],
  [0, 'out', '203.0.113.7', other(47), 'passes'],
  [0, 'out', '203.0.113.7', tcp(25), 'passes'],
  [0, 'out', '2001:db8::7', tcp(25), 'stops'],
  [1, 'in', 0, tcp(5432), 'passes'],
  [1, 'in', '203.0.113.7', tcp(5432), 'stops'],
  [1, 'in', 2, tcp(5432), 'stops'],
  [1, 'in', 0, icmp(8), 'passes'],
  [1, 'in', '10.3.4.5', udp(1), 'passes'],
  [1, 'in', '10.3.4.5', udp(0), 'lost'],
  [1, 'in', '10.4.4.5', udp(53), 'stops'],
  [1, 'out', 1, tcp(5432), 'passes'],
  [1, 'out', '203.0.113.7', tcp(443), 'stops'],
  [1, 'out', '2001:db8::7', tcp(443), 'stops'],
  [2, 'in', 0, tcp(443), 'stops'],
  [2, 'out', '203.0.113.7', tcp(443), 'stops'],
  [2, 'out', 2, udp(53), 'stops'],
];

const openstack: Row[] = [
  [0, 'out', '203.0.113.7', tcp(443), 'passes'],
  [0, 'out', '2001:db8::7', tcp(443), 'stops'],
  [0, 'in', 0, other(112), 'passes'],
  [0, 'in', 1, tcp(22), 'stops'],
  [0, 'in', '2001:db8::7', icmp(128), 'passes'],
  [0, 'in', '2001:db8::7', icmp(128, 1), 'stops'],
  [0, 'in', '203.0.113.7', icmp(8), 'stops'],
  [0, 'in', '192.0.2.1', tcp(8080), 'passes'],
  [0, 'in', '192.0.2.1', tcp(8081), 'stops'],
  [0, 'in', '192.0.2.1', udp(8080), 'stops'],
  [0, 'in', '10.0.0.1', other(112), 'lost'],
  [1, 'in', 0, udp(53), 'passes'],
  [1, 'in', 0, udp(65_535), 'passes'],
  [1, 'in', 1, udp(53), 'stops'],
  [1, 'in', '203.0.113.9', tcp(80), 'passes'],
  [1, 'in', '203.0.113.200', tcp(80), 'stops'],
  [1, 'in', '2001:db8:7::1', tcp(80), 'stops'],
  [1, 'out', '203.0.113.7', tcp(443), 'stops'],
  [1, 'out', 0, udp(53), 'stops'],
];

const zstack: Row[] = [
  [0, 'in', 0, tcp(9), 'passes'],
  [0, 'in', '10.1.0.1', tcp(22), 'passes'],
  [0, 'in', '10.1.0.2', tcp(22), 'stops'],
  [0, 'in', '10.2.0.255', tcp(8010), 'passes'],
  [0, 'in', '10.2.0.255', tcp(8011), 'stops'],
  [0, 'in', '10.3.0.4', tcp(22), 'stops'],
  [0, 'in', '10.3.0.5', tcp(22), 'passes'],
  [0, 'in', '10.3.0.10', tcp(8000), 'passes'],
  [0, 'in', '10.3.0.11', tcp(8000), 'stops'],
  [0, 'in', '203.0.113.7', udp(514), 'stops'],
  [0, 'in', '2001:db8::7', icmp(128), 'passes'],
  [0, 'in', '203.0.113.7', icmp(8), 'stops'],
  [0, 'in', '172.16.0.1', tcp(22), 'stops'],
  [0, 'out', '203.0.113.7', tcp(443), 'passes'],
  [0, 'out', '2001:db8::7', tcp(443), 'passes'],
  [1, 'in', 0, tcp(3306), 'passes'],
  [1, 'in', 1, tcp(3306), 'stops'],
  [1, 'in', '10.9.9.9', icmp(8), 'passes'],
  [1, 'in', '10.9.9.9', icmp(0), 'stops'],
  [1, 'out', '203.0.113.7', udp(123), 'passes'],
];

describe.each([
  ['AWS', ImportFormat.AWS, 'aws.json', aws],
  ['OpenStack', ImportFormat.OPENSTACK, 'openstack.json', openstack],
  ['ZStack', ImportFormat.ZSTACK, 'zstack.json', zstack],
] as const)('a packet that %s judges', (_, format, file, rows) => {
  let policy: PolicyWorld;
  let names: string[];
  let world: World;

  beforeAll(async () => {
    policy = await openWorld();
    const document = readFileSync(new URL(`testing/${file}`, import.meta.url), 'utf8');
    const { securityGroups } = await policy.client.importSecurityGroups({ parent, format, document });
    names = securityGroups.map(({ name }) => name);
    world = await worldOf(policy, names);
  });
  afterAll(() => policy.close());

  it.each(rows)('in group %i, %s, %s, %j: %s', (at, way, peer, payload, verdict) => {
    const own = members[at] as (typeof members)[0];
    const family = typeof peer === 'string' && peer.includes(':') ? 6 : 4;
    const far = typeof peer === 'string' ? peer : (members[peer] as (typeof members)[0])[family];
    const [source, destination] = way === 'in' ? [far, own[family]] : [own[family], far];
    const packet: Packet = { sourceMac: '02:00:00:00:00:01', source, destination, payload };
    const { allowed } = judge(world, names[at] ?? '', way === 'in' ? 'ingress' : 'egress', packet);
    expect(allowed).toBe(verdict === 'passes');
  });
});

/** One NIC in each group, by the name of the group. */
async function worldOf({ client }: PolicyWorld, names: readonly string[]): Promise<World> {
  const groups: World['groups'] extends ReadonlyMap<string, infer Group> ? Map<string, Group> : never = new Map();
  const nics: World['nics'] extends ReadonlyMap<string, infer Nic> ? Map<string, Nic> : never = new Map();
  for (const [i, name] of names.entries()) {
    const { securityGroup } = await client.getSecurityGroup({ name });
    const { securityGroupRules } = await client.listSecurityGroupRules({ parent: name, pageSize: 1000 });
    const enabled = securityGroup?.state === policyV1.SecurityGroupState.ENABLED;
    groups.set(name, { id: name, enabled, networks: ['n'], rules: securityGroupRules.map(ruleOf), nics: [name] });
    const addresses = Object.values(members[i] as (typeof members)[0]);
    const mac = '02:00:00:00:00:01';
    nics.set(name, { id: name, network: 'n', mac, addresses, antiSpoofing: false, egressDefault: 'auto' });
  }
  const network = { id: 'n', kind: 'flat', routingDomain: 'n', cidrs: [], dhcpServers: [] } as const;
  return { groups, nics, networks: new Map([['n', network]]), addressGroups: new Map() } as World;
}

function ruleOf(rule: policyV1.SecurityGroupRule): Rule {
  const protocol = policyV1.Protocol[rule.protocol]?.toLowerCase() as Protocol;
  const { icmpType: type, icmpCode: code } = rule;
  return {
    id: rule.name,
    direction: rule.direction === Direction.EGRESS ? 'egress' : 'ingress',
    protocol,
    ...((protocol === 'tcp' || protocol === 'udp') && {
      ports: { start: rule.startPort ?? 0, end: rule.endPort ?? 0 },
    }),
    ...(type !== undefined && { icmp: code === undefined ? { type } : { type, code } }),
    ...(rule.maskedCidr !== '' && { cidr: rule.maskedCidr }),
    ...(rule.remoteSecurityGroup !== '' && { remoteGroup: rule.remoteSecurityGroup }),
    active: !rule.disabled,
  };
}
