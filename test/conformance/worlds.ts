import { bindingKey, type Cloud, compileHost } from '@portcullis/compile';
import {
  type AddressGroup,
  type Binding,
  linkLocalAddress,
  type Network,
  type Nic,
  type Packet,
  type Rule,
  type SecurityGroup,
  type World,
} from '@portcullis/model';
import type { Packet as Frame } from '@portcullis/testing';
import fc from 'fast-check';
import { fewOrManyRules } from '../../services/enforcer/src/fixtures/few-or-many-rules.js';

/** Random clouds of one host that is judged, `h1`, and packets about which all judges must agree. */

const host = 'hosts/h1';

export const networks: readonly Network[] = [
  network('projects/p/networks/public', 'public', 'default'),
  network('projects/p/networks/flat', 'flat', 'default'),
  network('projects/p/networks/vpc', 'vpc', 'projects/p/networks/vpc'),
];

/** Addresses that no NIC has: IPv4, then IPv6. */
export function outsiderOf(index: number): readonly [string, string] {
  return [`10.0.0.${index}`, `2001:db8::${index}`];
}

/** Addresses and a MAC that NICs may be allowed beside their own: of a virtual router (RFC 9568 §7.3). */
export const shared = { 4: '10.0.0.50', 6: '2001:db8::50', mac: '00:00:5e:00:01:32' } as const;

/** Two NICs of the flat network and two of the VPC share their addresses. */
const places = [
  { network: 0, index: 1 },
  { network: 0, index: 2 },
  { network: 1, index: 3 },
  { network: 1, index: 4 },
  { network: 2, index: 3 },
  { network: 2, index: 4 },
] as const;

const groupIds = ['web', 'db', 'ops'].map((id) => `projects/p/securityGroups/${id}`);
const groupId = fc.constantFrom(...groupIds);

const cidr = fc.constantFrom(
  '0.0.0.0/0',
  '::/0',
  '10.0.0.0/24',
  '10.0.0.2/31',
  '10.0.0.4/32',
  '2001:db8::/64',
  '2001:db8::3/128',
  '::ffff:1.2.3.4/128',
);
const addressGroupIds = ['office', 'partners'].map((id) => `projects/p/addressGroups/${id}`);
const addressGroups = fc.tuple(
  ...addressGroupIds.map((id) => fc.record({ id: fc.constant(id), cidrs: fc.uniqueArray(cidr, { maxLength: 4 }) })),
);
/** A CIDR or an address group, of which one may not exist. */
const range = fc.oneof(
  cidr.map((text) => ({ cidr: text })),
  fc.constantFrom(...addressGroupIds, 'projects/p/addressGroups/gone').map((addressGroup) => ({ addressGroup })),
);
const matched = fc.oneof(
  fc.constant({ protocol: 'all' as const }),
  fc.record({
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    ports: fc.constantFrom(
      { start: 80, end: 80 },
      { start: 80, end: 90 },
      { start: 1, end: 65535 },
      { start: 91, end: 92 },
    ),
  }),
  fc.constant({ protocol: 'icmp' as const }),
  fc.record({
    protocol: fc.constant('icmp' as const),
    icmp: fc.constantFrom({ type: 8 }, { type: 128 }, { type: 3, code: 1 }, { type: 13, code: 0 }),
  }),
);

const rule: fc.Arbitrary<Rule> = fc
  .record({
    id: fc.nat(999).map((n) => `r${n}`),
    direction: fc.constantFrom('ingress' as const, 'egress' as const),
    matched,
    range: fc.option(range, { nil: undefined }),
    remoteGroup: fc.option(groupId, { nil: undefined }),
    active: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
  })
  .map(({ id, direction, matched: what, range: peer, remoteGroup, active }) => ({
    id,
    direction,
    ...what,
    ...peer,
    ...(remoteGroup === undefined ? {} : { remoteGroup }),
    active,
  }));

const rules = fewOrManyRules(rule);

export const nicsOf = places.map(({ network: n, index }, position) => ({
  id: `projects/p/nics/n${position}`,
  network: networks[n]?.id ?? '',
  mac: `02:00:00:00:0${n}:0${index}`,
  addresses: [`10.0.0.${index}`, `2001:db8::${index}`],
  // Every other one has its drops logged: no verdict may depend on it.
  ...(position % 2 === 0 ? { logDrops: true as const } : {}),
}));
const nicIds = nicsOf.map(({ id }) => id);

/** Without a MAC: the NIC's own. */
const pairs = fc.uniqueArray(
  fc.record({
    cidr: fc.constantFrom('10.0.0.50/32', '10.0.0.48/28', '0.0.0.0/0', '2001:db8::50/128', '2001:db8::48/125', '::/0'),
    mac: fc.constantFrom(undefined, shared.mac),
  }),
  { maxLength: 2 },
);

export const cloud: fc.Arbitrary<Cloud> = fc
  .record({
    groups: fc.tuple(
      ...groupIds.map((id) =>
        fc.record({
          id: fc.constant(id),
          enabled: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
          networks: fc.constant(networks.map((each) => each.id)),
          rules,
          nics: fc.subarray(nicIds),
        }),
      ),
    ),
    addressGroups,
    antiSpoofing: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    allowedPairs: fc.array(pairs, { minLength: 6, maxLength: 6 }),
    egressDefault: fc.array(fc.constantFrom('auto' as const, 'auto' as const, 'allow' as const, 'deny' as const), {
      minLength: 6,
      maxLength: 6,
    }),
    dhcpServers: fc.subarray(['10.0.0.250', '2001:db8::250']),
    bound: fc.array(fc.constantFrom('hosts/h1', 'hosts/h1', 'hosts/h2', undefined), { minLength: 6, maxLength: 6 }),
  })
  .map(({ groups, addressGroups: named, antiSpoofing, allowedPairs, egressDefault, dhcpServers, bound }) => {
    const nics = nicsOf.map(
      (nic, i): Nic => ({
        ...nic,
        antiSpoofing: antiSpoofing[i] ?? false,
        allowedPairs: (allowedPairs[i] ?? []).map(({ cidr: range, mac }) => ({ cidr: range, mac: mac ?? nic.mac })),
        egressDefault: egressDefault[i] ?? 'auto',
      }),
    );
    const bindings = nics.flatMap((nic, i): [string, Binding][] => {
      const at = bound[i];
      return at === undefined ? [] : [[bindingKey(nic.id, at), binding(nic, at, i)]];
    });
    return {
      groups: new Map(groups.map((group): [string, SecurityGroup] => [group.id, group])),
      addressGroups: new Map(named.map((group): [string, AddressGroup] => [group.id, group])),
      networks: new Map(networks.map((each) => [each.id, { ...each, dhcpServers }])),
      nics: new Map(nics.map((nic) => [nic.id, nic])),
      bindings: new Map(bindings),
    };
  });

/** A packet as the model sees it, and between which NICs it flows; an end without a NIC is outside. */
export interface Flow {
  readonly from: Nic | undefined;
  readonly to: Nic | undefined;
  readonly packet: Packet;
  readonly family: 4 | 6;
}

const who = fc.constantFrom('own' as const, 'shared' as const, 'other' as const, 'none' as const);
const payload = fc.oneof(
  fc.record({
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
    sourcePort: fc.constantFrom(67, 68, 546, 547, 40000),
    destinationPort: fc.constantFrom(53, 67, 68, 79, 80, 85, 90, 91, 93, 546, 547, 65535),
  }),
  fc.record({
    protocol: fc.constant('icmp' as const),
    type: fc.constantFrom(3, 5, 8, 13, 128, 133, 134, 135, 136, 137, 143),
    code: fc.constantFrom(0, 1),
  }),
  fc.record({
    protocol: fc.constant('discovery' as const),
    type: fc.constantFrom(133, 135, 136),
    target: who,
    option: who,
  }),
  fc.record({ protocol: fc.constantFrom(47, 132) }),
);

export const flowIn = (at: Cloud): fc.Arbitrary<Flow> =>
  fc
    .record({
      from: fc.option(fc.constantFrom(...at.nics.values()), { nil: undefined }),
      to: fc.option(fc.constantFrom(...at.nics.values()), { nil: undefined }),
      family: fc.constantFrom(4 as const, 6 as const),
      payload,
      spoof: fc.oneof(
        { weight: 8, arbitrary: fc.constant('none' as const) },
        fc.constantFrom(
          'mac' as const,
          'address' as const,
          'unspecified' as const,
          'linkLocal' as const,
          'shared' as const,
          'sharedMac' as const,
        ),
      ),
      outsider: fc.constantFrom(3, 99, 250),
    })
    .filter(({ from, to }) => from !== to || from === undefined)
    .map(({ from, to, family, payload: what, spoof, outsider }) => {
      const addressOf = (nic: Nic | undefined) =>
        nic?.addresses[family === 4 ? 0 : 1] ?? (family === 4 ? `10.0.0.${outsider}` : `2001:db8::${outsider}`);
      const sources = {
        none: addressOf(from),
        mac: addressOf(from),
        shared: shared[family],
        sharedMac: shared[family],
        address: family === 4 ? '10.0.0.77' : '2001:db8::77',
        unspecified: family === 4 ? '0.0.0.0' : '::',
        linkLocal: family === 4 || from === undefined ? addressOf(from) : linkLocalAddress(from.mac),
      };
      const mac = from?.mac ?? '02:00:00:00:0e:0e';
      const packet: Packet = {
        sourceMac: { mac: '02:00:00:00:0f:0f', sharedMac: shared.mac }[spoof as string] ?? mac,
        source: sources[spoof],
        destination: addressOf(to),
        payload:
          what.protocol === 'discovery'
            ? discoveryOf(what, { target: from?.addresses[1] ?? '2001:db8::99', mac, family })
            : what,
      };
      return { from, to, packet, family };
    });

interface DiscoveryKind {
  readonly type: number;
  readonly target: 'own' | 'shared' | 'other' | 'none';
  readonly option: 'own' | 'shared' | 'other' | 'none';
}

/** In IPv4 there is none: an echo request. */
function discoveryOf(
  { type, target, option }: DiscoveryKind,
  own: { target: string; mac: string; family: 4 | 6 },
): Packet['payload'] {
  if (own.family === 4) return { protocol: 'icmp', type: 8, code: 0 };
  const targets = { own: own.target, shared: shared[6], other: '2001:db8::77', none: '2001:db8::88' };
  const macs = { own: own.mac, shared: shared.mac, other: '02:00:00:00:0f:0f', none: undefined };
  const linkLayerAddress = macs[option];
  const discovery = {
    ...(type === 133 ? {} : { target: targets[target] }),
    ...(linkLayerAddress === undefined ? {} : { linkLayerAddress }),
  };
  return { protocol: 'icmp', type, code: 0, discovery };
}

export function worldOf(at: Cloud): World {
  return { groups: at.groups, addressGroups: at.addressGroups, networks: at.networks, nics: at.nics };
}

export function frameOf({ packet, family }: Flow): Frame {
  const { payload: what } = packet;
  const base = {
    family,
    srcMac: packet.sourceMac,
    dstMac: '02:00:00:00:0d:0d',
    src: packet.source,
    dst: packet.destination,
  };
  if (what.protocol === 'tcp' || what.protocol === 'udp')
    return { ...base, protocol: what.protocol, srcPort: what.sourcePort, dstPort: what.destinationPort };
  if (what.protocol === 'icmp') {
    const icmp = { ...base, protocol: 'icmp' as const, icmpType: what.type, icmpCode: what.code };
    return what.discovery === undefined ? icmp : { ...icmp, discovery: what.discovery };
  }
  return { ...base, protocol: what.protocol };
}

/** The bridge ports a flow takes through `h1`; undefined where it does not pass it. */
export function portsAt(at: Cloud, { from, to }: Flow): { physdevIn: string; physdevOut: string } | undefined {
  const portOf = (nic: Nic | undefined) => (nic === undefined ? undefined : at.bindings.get(bindingKey(nic.id, host)));
  const [source, target] = [portOf(from), portOf(to)];
  if (source === undefined && target === undefined) return undefined;
  return { physdevIn: source?.interfaceName ?? 'up0', physdevOut: target?.interfaceName ?? 'up0' };
}

/** All NICs on the host that is judged, but n1, which is outside it. */
export function labBindings(): Map<string, Binding> {
  return new Map(nicsOf.flatMap((nic, i) => (i === 1 ? [] : [[bindingKey(nic.id, host), binding(nic, host, i)]])));
}

export function stateOf(at: Cloud) {
  return compileHost(at, host);
}

function network(id: string, kind: Network['kind'], routingDomain: string): Network {
  return { id, kind, routingDomain, cidrs: [], dhcpServers: [] };
}

function binding(nic: Pick<Nic, 'id' | 'network'>, at: string, index: number): Binding {
  const bridge = `br${networks.findIndex(({ id }) => id === nic.network)}`;
  return { nic: nic.id, host: at, interfaceName: `vnic${index}.0`, bridge, state: 'active' };
}
