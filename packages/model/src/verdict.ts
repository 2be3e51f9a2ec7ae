import { isEgressOpen } from './egress-policy.js';
import { isEssential } from './essential.js';
import type { Network, Nic } from './inventory.js';
import { cidrContains, parseAddress, parseCidr } from './ip.js';
import type { Packet } from './packet.js';
import type { AddressGroup, Direction, Rule, SecurityGroup } from './security-group.js';
import { isSpoofed } from './spoofing.js';

/** Everything a verdict depends on. */
export interface World {
  readonly groups: ReadonlyMap<string, SecurityGroup>;
  readonly addressGroups: ReadonlyMap<string, AddressGroup>;
  readonly networks: ReadonlyMap<string, Network>;
  readonly nics: ReadonlyMap<string, Nic>;
}

/** Why a packet that opens a connection passes or not. `rule` names the first rule, by group and rule id, that allows it. */
export type Verdict =
  | { readonly allowed: true; readonly because: 'UNGUARDED' | 'ESSENTIAL' | 'EGRESS_OPEN' }
  | { readonly allowed: true; readonly because: 'RULE'; readonly group: string; readonly rule: string }
  | { readonly allowed: false; readonly because: 'SPOOFED' | 'NO_RULE' };

/**
 * The reference: what happens to a packet that is not part of an allowed connection, at one end.
 * Slow and obvious on purpose; the renderer, the simulator and the kernel are all judged against it.
 */
export function judge(world: World, nicId: string, direction: Direction, packet: Packet): Verdict {
  const nic = required(world.nics, nicId);
  const network = required(world.networks, nic.network);
  if (direction === 'egress' && nic.antiSpoofing && isSpoofed(nic, packet))
    return { allowed: false, because: 'SPOOFED' };
  const groups = enabledGroupsOf(world, nicId);
  if (groups.length === 0) return { allowed: true, because: 'UNGUARDED' };
  if (isEssential(packet, direction, network.dhcpServers)) return { allowed: true, because: 'ESSENTIAL' };
  if (direction === 'egress' && isEgressOpen(nic.egressDefault, groups))
    return { allowed: true, because: 'EGRESS_OPEN' };
  for (const group of groups) {
    const rule = group.rules.find((candidate) => matches(world, network.routingDomain, direction, candidate, packet));
    if (rule) return { allowed: true, because: 'RULE', group: group.id, rule: rule.id };
  }
  return { allowed: false, because: 'NO_RULE' };
}

/** Both ends are judged: the sender's egress and the receiver's ingress must allow the packet. */
export function isDelivered(
  world: World,
  sender: string | undefined,
  receiver: string | undefined,
  packet: Packet,
): boolean {
  const leaves = sender === undefined || judge(world, sender, 'egress', packet).allowed;
  return leaves && (receiver === undefined || judge(world, receiver, 'ingress', packet).allowed);
}

function enabledGroupsOf(world: World, nicId: string): SecurityGroup[] {
  return [...world.groups.values()].filter((group) => group.enabled && group.nics.includes(nicId));
}

function matches(world: World, routingDomain: string, direction: Direction, rule: Rule, packet: Packet): boolean {
  const peer = direction === 'ingress' ? packet.source : packet.destination;
  return (
    rule.active &&
    rule.direction === direction &&
    protocolMatches(rule, packet) &&
    (rule.cidr === undefined || isInCidr(rule.cidr, peer)) &&
    (rule.addressGroup === undefined || isInAddressGroup(world, rule.addressGroup, peer)) &&
    (rule.remoteGroup === undefined || isMember(world, rule.remoteGroup, routingDomain, peer))
  );
}

function protocolMatches(rule: Rule, { payload }: Packet): boolean {
  switch (rule.protocol) {
    case 'all':
      return true;
    case 'tcp':
    case 'udp': {
      if (payload.protocol !== rule.protocol) return false;
      const { start, end } = rule.ports ?? { start: 1, end: 65535 };
      return payload.destinationPort >= start && payload.destinationPort <= end;
    }
    case 'icmp': {
      if (payload.protocol !== 'icmp') return false;
      if (rule.icmp === undefined) return true;
      return payload.type === rule.icmp.type && (rule.icmp.code === undefined || payload.code === rule.icmp.code);
    }
  }
}

function isInCidr(text: string, addressText: string): boolean {
  const cidr = parseCidr(text);
  const address = parseAddress(addressText);
  return cidr !== undefined && address !== undefined && cidrContains(cidr, address);
}

/** An address group that does not exist has no CIDRs. */
function isInAddressGroup(world: World, id: string, address: string): boolean {
  return world.addressGroups.get(id)?.cidrs.some((cidr) => isInCidr(cidr, address)) ?? false;
}

/** A disabled group has no members. */
function isMember(world: World, groupId: string, routingDomain: string, address: string): boolean {
  const group = world.groups.get(groupId);
  if (!group?.enabled) return false;
  return group.nics.some((nicId) => {
    const nic = world.nics.get(nicId);
    const network = nic && world.networks.get(nic.network);
    return network?.routingDomain === routingDomain && nic?.addresses.includes(address);
  });
}

function required<Value>(map: ReadonlyMap<string, Value>, id: string): Value {
  const value = map.get(id);
  if (value === undefined) throw new RangeError(`the world holds no ${id}`);
  return value;
}
