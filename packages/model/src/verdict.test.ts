import { describe, expect, it } from 'vitest';
import type { Nic } from './inventory.js';
import { linkLocalAddress } from './ip.js';
import type { NeighbourDiscovery, Packet, PacketPayload } from './packet.js';
import type { AddressGroup, Rule, SecurityGroup } from './security-group.js';
import { isDelivered, judge, type World } from './verdict.js';

const macA = '52:54:00:00:00:01';
const macB = '52:54:00:00:00:02';
const nicA: Nic = nic('a', macA, ['10.0.0.1', '2001:db8::1']);
const nicB: Nic = nic('b', macB, ['10.0.0.2', '2001:db8::2']);

function nic(id: string, mac: string, addresses: string[]): Nic {
  return { id, network: 'net', mac, addresses, antiSpoofing: false, egressDefault: 'auto' };
}

function rule(id: string, fields: Partial<Rule>): Rule {
  return { id, direction: 'ingress', protocol: 'all', active: true, ...fields };
}

function automatic(group: string): Rule[] {
  return [rule('auto-in', { remoteGroup: group }), rule('auto-out', { remoteGroup: group, direction: 'egress' })];
}

function group(id: string, rules: Rule[], nics: string[], enabled = true): SecurityGroup {
  return { id, enabled, networks: ['net'], rules, nics };
}

const addressGroups: AddressGroup[] = [
  { id: 'both', cidrs: ['10.9.0.0/16', '10.0.0.0/31', '2001:db8::/64'] },
  { id: 'only4', cidrs: ['0.0.0.0/0'] },
  { id: 'empty', cidrs: [] },
];

function world(groups: SecurityGroup[], nics: Nic[] = [nicA, nicB]): World {
  const network = {
    id: 'net',
    kind: 'flat',
    routingDomain: 'rd',
    cidrs: ['10.0.0.0/8'],
    dhcpServers: ['10.0.0.9'],
  } as const;
  const far = { ...network, id: 'far', routingDomain: 'other' } as const;
  const byId = <T extends { id: string }>(values: T[]) => new Map(values.map((value) => [value.id, value]));
  return {
    groups: byId(groups),
    addressGroups: byId(addressGroups),
    networks: byId([network, far]),
    nics: byId(nics),
  };
}

const tcp = (port: number): PacketPayload => ({ protocol: 'tcp', sourcePort: 40000, destinationPort: port });
const udp = (source: number, port: number): PacketPayload => ({
  protocol: 'udp',
  sourcePort: source,
  destinationPort: port,
});
const icmp = (type: number, code = 0): PacketPayload => ({ protocol: 'icmp', type, code });
const discovery = (type: number, says: NeighbourDiscovery): PacketPayload => ({
  protocol: 'icmp',
  type,
  code: 0,
  discovery: says,
});
const v4 = (payload: PacketPayload, fields: Partial<Packet> = {}): Packet => ({
  sourceMac: macA,
  source: '10.0.0.1',
  destination: '10.0.0.2',
  payload,
  ...fields,
});
const v6 = (payload: PacketPayload, fields: Partial<Packet> = {}): Packet =>
  v4(payload, { source: '2001:db8::1', destination: '2001:db8::2', ...fields });

/** From a to b: the packet, the groups, whether it arrives. */
const rows: [string, Packet, SecurityGroup[], boolean][] = [
  ['a NIC in no group is not filtered', v4(tcp(22)), [], true],
  ['an empty group lets nothing in', v4(tcp(22)), [group('g', [], ['b'])], false],
  ['an empty group lets everything out', v4(tcp(22)), [group('g', [], ['a'])], true],
  ['members reach each other by the automatic rules', v4(tcp(22)), [group('g', automatic('g'), ['a', 'b'])], true],
  ['without the automatic rules members do not', v4(tcp(22)), [group('g', [], ['a', 'b'])], false],
  ['the automatic egress rule does not close egress', v4(tcp(22)), [group('g', automatic('g'), ['a'])], true],
  [
    'the first egress rule closes egress',
    v4(tcp(22)),
    [group('g', [rule('1', { direction: 'egress', protocol: 'udp', ports: { start: 53, end: 53 } })], ['a'])],
    false,
  ],
  [
    'a disabled egress rule still counts',
    v4(tcp(22)),
    [group('g', [rule('1', { direction: 'egress', active: false })], ['a'])],
    false,
  ],
  [
    'an egress rule to a group without members still counts',
    v4(tcp(22)),
    [group('g', [rule('1', { direction: 'egress', remoteGroup: 'none' })], ['a'])],
    false,
  ],
  [
    'a range matches its first port',
    v4(tcp(80)),
    [group('g', [rule('1', { protocol: 'tcp', ports: { start: 80, end: 90 } })], ['b'])],
    true,
  ],
  [
    'a range matches its last port',
    v4(tcp(90)),
    [group('g', [rule('1', { protocol: 'tcp', ports: { start: 80, end: 90 } })], ['b'])],
    true,
  ],
  [
    'a range does not match one below',
    v4(tcp(79)),
    [group('g', [rule('1', { protocol: 'tcp', ports: { start: 80, end: 90 } })], ['b'])],
    false,
  ],
  [
    'a range does not match one above',
    v4(tcp(91)),
    [group('g', [rule('1', { protocol: 'tcp', ports: { start: 80, end: 90 } })], ['b'])],
    false,
  ],
  [
    'a TCP rule does not match UDP',
    v4(udp(1, 80)),
    [group('g', [rule('1', { protocol: 'tcp', ports: { start: 80, end: 90 } })], ['b'])],
    false,
  ],
  ['an ICMP rule matches both families', v6(icmp(128)), [group('g', [rule('1', { protocol: 'icmp' })], ['b'])], true],
  [
    'an ICMP type matches itself',
    v4(icmp(8)),
    [group('g', [rule('1', { protocol: 'icmp', icmp: { type: 8 } })], ['b'])],
    true,
  ],
  [
    'an ICMP type does not match another',
    v4(icmp(13)),
    [group('g', [rule('1', { protocol: 'icmp', icmp: { type: 8 } })], ['b'])],
    false,
  ],
  [
    'an ICMP code narrows',
    v4(icmp(3, 1)),
    [group('g', [rule('1', { protocol: 'icmp', icmp: { type: 3, code: 3 } })], ['b'])],
    false,
  ],
  ['a CIDR rule covers its family only', v6(tcp(22)), [group('g', [rule('1', { cidr: '0.0.0.0/0' })], ['b'])], false],
  ['a rule without a CIDR covers IPv6', v6(tcp(22)), [group('g', [rule('1', {})], ['b'])], true],
  [
    'an address group matches one of its CIDRs',
    v4(tcp(22)),
    [group('g', [rule('1', { addressGroup: 'both' })], ['b'])],
    true,
  ],
  [
    'an address group matches in the other family',
    v6(tcp(22)),
    [group('g', [rule('1', { addressGroup: 'both' })], ['b'])],
    true,
  ],
  [
    'an address group does not match outside its CIDRs',
    v4(tcp(22), { source: '10.0.0.2' }),
    [group('g', [rule('1', { addressGroup: 'both' })], ['b'])],
    false,
  ],
  [
    'an address group without a CIDR of the family matches nobody',
    v6(tcp(22)),
    [group('g', [rule('1', { addressGroup: 'only4' })], ['b'])],
    false,
  ],
  [
    'an egress rule to an address group without CIDRs still counts',
    v4(tcp(22)),
    [group('g', [rule('1', { direction: 'egress', addressGroup: 'empty' })], ['a'])],
    false,
  ],
  [
    'an address group that does not exist matches nobody, and its rule counts',
    v4(tcp(22)),
    [group('g', [rule('1', { direction: 'egress', addressGroup: 'none' })], ['a'])],
    false,
  ],
  [
    'a rule to the own group and an address group does close egress',
    v4(tcp(22)),
    [group('g', [rule('1', { direction: 'egress', addressGroup: 'empty', remoteGroup: 'g' })], ['a'])],
    false,
  ],
  [
    'an address group and a remote group hold when the peer is in both',
    v4(tcp(22)),
    [group('g', [rule('1', { addressGroup: 'both', remoteGroup: 'r' })], ['b']), group('r', [], ['a'])],
    true,
  ],
  [
    'an address group and a remote group fail outside the address group',
    v6(tcp(22)),
    [group('g', [rule('1', { addressGroup: 'only4', remoteGroup: 'r' })], ['b']), group('r', [], ['a'])],
    false,
  ],
  [
    'an address group and a remote group fail outside the remote group',
    v4(tcp(22)),
    [group('g', [rule('1', { addressGroup: 'both', remoteGroup: 'r' })], ['b']), group('r', [], [])],
    false,
  ],
  [
    'the intersection holds when both do',
    v4(tcp(22)),
    [group('g', [rule('1', { cidr: '10.0.0.0/30', remoteGroup: 'r' })], ['b']), group('r', [], ['a'])],
    true,
  ],
  [
    'the intersection fails outside the CIDR',
    v4(tcp(22)),
    [group('g', [rule('1', { cidr: '10.9.0.0/16', remoteGroup: 'r' })], ['b']), group('r', [], ['a'])],
    false,
  ],
  [
    'the intersection fails outside the group',
    v4(tcp(22)),
    [group('g', [rule('1', { cidr: '10.0.0.0/30', remoteGroup: 'r' })], ['b']), group('r', [], [])],
    false,
  ],
  [
    'a disabled remote group has no members',
    v4(tcp(22)),
    [group('g', [rule('1', { remoteGroup: 'r' })], ['b']), group('r', [], ['a'], false)],
    false,
  ],
  ['a disabled group guards nobody', v4(tcp(22)), [group('g', [], ['b'], false)], true],
  ['two groups are a union', v4(tcp(22)), [group('g', [], ['b']), group('h', [rule('1', {})], ['b'])], true],
  [
    'both ends are judged',
    v4(tcp(22)),
    [group('g', [rule('1', { direction: 'egress', cidr: '10.9.0.0/16' })], ['a']), group('h', [rule('1', {})], ['b'])],
    false,
  ],
  ['neighbour solicitations pass', v6(icmp(135)), [group('g', [], ['a', 'b'])], true],
  [
    'router advertisements do not leave a closed NIC',
    v6(icmp(134)),
    [group('g', [rule('1', { direction: 'egress', cidr: '::1/128' })], ['a'])],
    false,
  ],
  [
    'a DHCP answer from the named server passes',
    v4(udp(67, 68), { source: '10.0.0.9' }),
    [group('g', [], ['b'])],
    true,
  ],
  ['a DHCP answer from another does not', v4(udp(67, 68)), [group('g', [], ['b'])], false],
  ['a DHCPv6 answer passes where none is named', v6(udp(547, 546)), [group('g', [], ['b'])], true],
  ['DNS is not silently open', v4(udp(53, 5353)), [group('g', [], ['b'])], false],
];

describe('a packet from a to b', () => {
  it.each(rows)('%s', (_, packet, groups, arrives) => {
    expect(isDelivered(world(groups), 'a', 'b', packet)).toBe(arrives);
  });
});

describe('the egress default', () => {
  const closed = [group('g', [rule('1', { direction: 'egress', cidr: '10.9.0.0/16' })], ['a'])];
  it('allow opens what a rule had closed', () => {
    const open = world(closed, [{ ...nicA, egressDefault: 'allow' }, nicB]);
    expect(judge(open, 'a', 'egress', v4(tcp(1))).allowed).toBe(true);
  });
  it('deny closes a NIC without egress rules', () => {
    const shut = world([group('g', [], ['a'])], [{ ...nicA, egressDefault: 'deny' }, nicB]);
    expect(judge(shut, 'a', 'egress', v4(tcp(1))).allowed).toBe(false);
  });
});

describe('anti-spoofing', () => {
  const advertisement = (target: string, linkLayerAddress: string) => discovery(136, { target, linkLayerAddress });
  const guarded = world([], [{ ...nicA, antiSpoofing: true }, nicB]);
  it.each([
    ['its own address', v4(tcp(1)), true],
    ['another address', v4(tcp(1), { source: '10.0.0.7' }), false],
    ['another MAC', v4(tcp(1), { sourceMac: macB }), false],
    ['its link-local address', v6(icmp(128), { source: linkLocalAddress(macA) }), true],
    ['a listener report without an address', v6(icmp(143), { source: '::' }), true],
    ['a neighbour message of no known form', v6(icmp(136)), false],
    ['its own address said to be at its own MAC', v6(advertisement('2001:db8::1', macA)), true],
    ['its own address said to be at another MAC', v6(advertisement('2001:db8::1', macB)), false],
    ["somebody else's address said to be at its MAC", v6(advertisement('2001:db8::2', macA)), false],
    ['a question for another address', v6(discovery(135, { target: '2001:db8::2', linkLayerAddress: macA })), true],
    ['a question that names another MAC', v6(discovery(135, { target: '2001:db8::2', linkLayerAddress: macB })), false],
    ['a question for a router that names another MAC', v6(discovery(133, { linkLayerAddress: macB })), false],
    ["a claim of somebody else's address", v6(discovery(135, { target: '2001:db8::2' }), { source: '::' }), false],
    ['a router advertisement', v6(icmp(134)), false],
    ['a redirect', v6(icmp(137)), false],
    ['a redirect in IPv4', v4(icmp(5)), false],
    ['an answer of a DHCP server', v4(udp(67, 68)), false],
    ['an answer of a DHCPv6 server', v6(udp(547, 546)), false],
    ['no address, asking for one', v4(udp(68, 67), { source: '0.0.0.0' }), true],
    ['no address, otherwise', v4(tcp(1), { source: '0.0.0.0' }), false],
    ['no IPv6 address, in neighbour discovery', v6(discovery(135, { target: '2001:db8::1' }), { source: '::' }), true],
    ['no IPv6 address, otherwise', v6(icmp(128), { source: '::' }), false],
  ])('%s: %s', (_, packet, allowed) => {
    expect(judge(guarded, 'a', 'egress', packet).allowed).toBe(allowed);
  });

  const virtualMac = '00:00:5e:00:01:07';
  const allowedPairs = [
    { mac: macA, cidr: '10.0.1.0/24' },
    { mac: virtualMac, cidr: '10.0.2.1/32' },
  ];
  it.each([
    ['the allowed address with its MAC', '10.0.2.1', virtualMac, true],
    ['the allowed address with the own MAC', '10.0.2.1', macA, false],
    ['the own address with the allowed MAC', '10.0.0.1', virtualMac, false],
    ['the end of the allowed range', '10.0.1.255', macA, true],
    ['just outside the allowed range', '10.0.2.0', macA, false],
  ])('with allowed pairs, %s', (_, source, sourceMac, allowed) => {
    const paired = world([], [{ ...nicA, antiSpoofing: true, allowedPairs }, nicB]);
    expect(judge(paired, 'a', 'egress', v4(tcp(1), { source, sourceMac })).allowed).toBe(allowed);
  });
});

it('members of another routing domain are nobody', () => {
  const groups = [group('g', [rule('1', { remoteGroup: 'r' })], ['b']), group('r', [], ['a'])];
  const nics = [{ ...nicA, network: 'far' }, nicB];
  expect(judge(world(groups, nics), 'b', 'ingress', v4(tcp(22))).allowed).toBe(false);
});

it('the order of groups and rules never changes a verdict', () => {
  for (const [, packet, groups, arrives] of rows) {
    const reversed = groups.toReversed().map((each) => ({ ...each, rules: each.rules.toReversed() }));
    expect(isDelivered(world(reversed), 'a', 'b', packet)).toBe(arrives);
  }
});
