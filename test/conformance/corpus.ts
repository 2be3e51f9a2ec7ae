import type { Cloud } from '@portcullis/compile';
import {
  type AddressPair,
  type EgressDefault,
  linkLocalAddress,
  type NeighbourDiscovery,
  type Rule,
  type SecurityGroup,
} from '@portcullis/model';
import { type Flow, labBindings, networks, nicsOf, outsiderOf, shared } from './worlds.js';

/**
 * One packet and its verdict per line, on which the reference, the simulator of the rendered text and the kernel agree.
 *
 * NICs n0 and n1 are on the public network, n2 and n3 on the flat one, n4 and n5 on a VPC with the addresses of n2 and n3.
 * All are bound to host h1, but n1. `out` is outside, on the other end's network. Each line holds for both families,
 * unless a family is named.
 */
export interface Scenario {
  readonly name: string;
  readonly cloud: Cloud;
  /**
   * `n0 > n1 tcp/80 = pass`, `out > n2 echo v4 = drop`; from a foreign `n0(mac) > …` or `n0(address) > …`, from `n0(nothing) > …`,
   * `n0(linkLocal) > …`, from the `n0(shared) > …` address, also with the `n0(sharedMac) > …`. Neighbour discovery: `ns` and
   * `na` with the own link-layer address, `rs`, `dad`; `na:other` speaks of another address, `na:mac` has another MAC.
   */
  readonly verdicts: readonly string[];
}

export interface Stated {
  readonly flow: Flow;
  readonly allowed: boolean;
}

const addressGroupId = (name: string) => `projects/p/addressGroups/${name}`;
const id = (group: string) => `projects/p/securityGroups/${group}`;
const nic = (name: string) => `projects/p/nics/${name}`;

export type GroupSpecs = Readonly<Record<string, GroupSpec>>;
type GroupSpec = { nics?: string[]; rules?: string[]; disabled?: boolean };
/** `also` are further addresses; one that is not bound is on no host. */
type NicSpec = {
  antiSpoofing?: boolean;
  egressDefault?: EgressDefault;
  allowedPairs?: readonly AddressPair[];
  also?: string[];
  isBound?: boolean;
};

export interface ScenarioOptions {
  readonly nics?: Record<string, NicSpec>;
  readonly dhcpServers?: string[];
  readonly addressGroups?: Record<string, string[]>;
}

/** Rules are written as people say them: `in tcp 80-90 cidr 10.0.0.0/24 group db`, `in all named office`, `out all off`. */
export function scenario(
  name: string,
  groups: GroupSpecs,
  verdicts: readonly string[],
  options: ScenarioOptions = {},
): Scenario {
  const securityGroups = Object.entries(groups).map(([group, { nics = [], rules = [], disabled = false }]) => {
    const value: SecurityGroup = {
      id: id(group),
      enabled: !disabled,
      networks: networks.map((network) => network.id),
      rules: rules.map((text, i) => parseRule(`${group}-r${i}`, text)),
      nics: nics.map(nic),
    };
    return [value.id, value] as const;
  });
  const nics = nicsOf.map((each, i) => {
    const {
      antiSpoofing = false,
      egressDefault = 'auto',
      allowedPairs = [],
      also = [],
    } = options.nics?.[`n${i}`] ?? {};
    const addresses = [...each.addresses, ...also];
    return [each.id, { ...each, addresses, antiSpoofing, egressDefault, allowedPairs }] as const;
  });
  const dhcpServers = options.dhcpServers ?? [];
  const cloud: Cloud = {
    groups: new Map(securityGroups),
    addressGroups: new Map(
      Object.entries(options.addressGroups ?? {}).map(([name, cidrs]) => {
        return [addressGroupId(name), { id: addressGroupId(name), cidrs }];
      }),
    ),
    networks: new Map(networks.map((network) => [network.id, { ...network, dhcpServers }])),
    nics: new Map(nics),
    bindings: new Map(
      [...labBindings()].filter(([, { nic: bound }]) => options.nics?.[bound.slice(nic('').length)]?.isBound !== false),
    ),
  };
  return { name, cloud, verdicts };
}

function parseRule(ruleId: string, text: string): Rule {
  const words = text.split(' ');
  const after = (word: string) => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined);
  const protocol = words[1] as Rule['protocol'];
  const [cidr, named, group, type] = [after('cidr'), after('named'), after('group'), after('type')];
  const [start = 0, end = start] = (words[2] ?? '').split('-').map(Number);
  const [icmpType = 0, icmpCode] = (type ?? '').split('/').map(Number);
  return {
    id: ruleId,
    direction: words[0] === 'in' ? 'ingress' : 'egress',
    protocol,
    ...(protocol === 'tcp' || protocol === 'udp' ? { ports: { start, end } } : {}),
    ...(type === undefined
      ? {}
      : { icmp: icmpCode === undefined ? { type: icmpType } : { type: icmpType, code: icmpCode } }),
    ...(cidr === undefined ? {} : { cidr }),
    ...(named === undefined ? {} : { addressGroup: addressGroupId(named) }),
    ...(group === undefined ? {} : { remoteGroup: id(group) }),
    active: !words.includes('off'),
  };
}

const line = /^(n\d|out)(?:\((\w+)\))? > (n\d|out) (\S+)(?: (v4|v6))? = (pass|drop)$/;

/** The packets of a scenario, each in the families it is meant for. */
export function statedFlows({ cloud, verdicts }: Scenario): Stated[] {
  return verdicts.flatMap((text) => {
    const [, from = '', spoof, to = '', what = '', only, verdict] = line.exec(text) ?? [];
    if (verdict === undefined) throw new Error(`cannot read ${JSON.stringify(text)}`);
    const families = only === undefined ? ([4, 6] as const) : ([only === 'v4' ? 4 : 6] as const);
    return families.map((family) => ({
      allowed: verdict === 'pass',
      flow: flowOf(cloud, { from: nic(from), to: nic(to), spoof, what, family }),
    }));
  });
}

function flowOf(
  cloud: Cloud,
  {
    from,
    to,
    spoof,
    what,
    family,
  }: { from: string; to: string; spoof: string | undefined; what: string; family: 4 | 6 },
): Flow {
  const [sender, receiver] = [cloud.nics.get(from), cloud.nics.get(to)];
  const of = family === 4 ? 0 : 1;
  const addressOf = (end: typeof sender) => end?.addresses[of] ?? outsiderOf(99)[of];
  const ownMac = sender?.mac ?? '02:00:00:00:0e:0e';
  const sources: Record<string, string> = {
    address: outsiderOf(77)[of],
    nothing: family === 4 ? '0.0.0.0' : '::',
    linkLocal: linkLocalAddress(ownMac),
    shared: shared[family],
    sharedMac: shared[family],
  };
  const macs: Record<string, string> = { mac: '02:00:00:00:0f:0f', sharedMac: shared.mac };
  const packet = {
    sourceMac: macs[spoof ?? ''] ?? ownMac,
    source: sources[spoof ?? ''] ?? addressOf(sender),
    destination: addressOf(receiver),
  };
  const speaks = { own: addressOf(sender), peer: packet.destination, mac: packet.sourceMac };
  return { from: sender, to: receiver, family, packet: { ...packet, payload: payloadOf(what, family, speaks) } };
}

/** Whom a neighbour message may be about. */
interface Speaks {
  readonly own: string;
  readonly peer: string;
  readonly mac: string;
}

function payloadOf(what: string, family: 4 | 6, speaks: Speaks): Flow['packet']['payload'] {
  const [name = '', first = '', second = '0'] = what.split(/[/:]/);
  const type = { rs: 133, ns: 135, dad: 135, na: 136 }[name];
  if (type !== undefined) return { protocol: 'icmp', type, code: 0, discovery: discoveryOf(name, first, speaks) };
  if (name === 'tcp' || name === 'udp') {
    const [sourcePort, port] = first.includes('-') ? first.split('-').map(Number) : [40_000, Number(first)];
    return { protocol: name, sourcePort: sourcePort ?? 0, destinationPort: port ?? 0 };
  }
  if (name === 'echo') return { protocol: 'icmp', type: family === 4 ? 8 : 128, code: 0 };
  if (name === 'icmp') return { protocol: 'icmp', type: Number(first), code: Number(second) };
  if (name === 'proto') return { protocol: Number(first) };
  throw new Error(`cannot read ${JSON.stringify(what)}`);
}

function discoveryOf(name: string, variant: string, { own, peer, mac }: Speaks): NeighbourDiscovery {
  const target = { other: '2001:db8::77', shared: shared[6] }[variant] ?? (name === 'ns' ? peer : own);
  const linkLayerAddress = variant === 'mac' ? '02:00:00:00:0f:0f' : mac;
  return {
    ...(name === 'rs' ? {} : { target }),
    ...(name === 'dad' || variant === 'bare' ? {} : { linkLayerAddress }),
  };
}

/** A state as `scenario` takes it: groups, then options, with what differs from the lab's own NICs. */
export function formatScenario({ groups, addressGroups, nics, bindings, networks: all }: Cloud): string {
  const last = (name: string) => name.slice(name.lastIndexOf('/') + 1);
  const isOurs = (name: string) => nicsOf.some((each) => each.id === name);
  const groupSpecs = [...groups.values()].map((group) => {
    const members = group.nics.filter(isOurs).map(last);
    const spec = { nics: members, rules: group.rules.map(formatRule), ...(group.enabled ? {} : { disabled: true }) };
    return [last(group.id), spec];
  });
  const nicSpecs = nicsOf.flatMap((each, i) => {
    const { antiSpoofing = false, egressDefault = 'auto', addresses = [], allowedPairs = [] } = nics.get(each.id) ?? {};
    const also = addresses.filter((address) => !each.addresses.includes(address));
    const spec: NicSpec = {
      ...(antiSpoofing ? { antiSpoofing } : {}),
      ...(egressDefault === 'auto' ? {} : { egressDefault }),
      ...(allowedPairs.length === 0 ? {} : { allowedPairs }),
      ...(also.length === 0 ? {} : { also }),
      ...(i === 1 || bindings.has(`${each.id}/bindings/hosts/h1`) ? {} : { isBound: false }),
    };
    return Object.keys(spec).length === 0 ? [] : [[last(each.id), spec]];
  });
  const named = [...addressGroups.values()].map(({ id: name, cidrs }) => [last(name), cidrs]);
  const [dhcpServers = []] = [...all.values()].map((network) => network.dhcpServers);
  const options = {
    nics: Object.fromEntries(nicSpecs),
    addressGroups: Object.fromEntries(named),
    ...(dhcpServers.length === 0 ? {} : { dhcpServers }),
  };
  return `${JSON.stringify(Object.fromEntries(groupSpecs))}, ${JSON.stringify(options)}`;
}

function formatRule({ direction, protocol, ports, icmp, cidr, addressGroup, remoteGroup, active }: Rule): string {
  const last = (name: string) => name.slice(name.lastIndexOf('/') + 1);
  return [
    direction === 'ingress' ? 'in' : 'out',
    protocol,
    ...(ports === undefined ? [] : [ports.start === ports.end ? `${ports.start}` : `${ports.start}-${ports.end}`]),
    ...(icmp === undefined ? [] : ['type', icmp.code === undefined ? `${icmp.type}` : `${icmp.type}/${icmp.code}`]),
    ...(cidr === undefined ? [] : ['cidr', cidr]),
    ...(addressGroup === undefined ? [] : ['named', last(addressGroup)]),
    ...(remoteGroup === undefined ? [] : ['group', last(remoteGroup)]),
    ...(active ? [] : ['off']),
  ].join(' ');
}
