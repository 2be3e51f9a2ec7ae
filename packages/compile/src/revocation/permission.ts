import {
  type Address,
  type Cidr,
  cidrContains,
  type Direction,
  isEssential,
  type PacketPayload,
  parseAddress,
  parseCidr,
  type Rule,
} from '@portcullis/model';
import { type HostAddressGroup, type HostNic, type HostState, memberSetKey } from '../host-state.js';
import { type Flow, firstPayload } from './flow.js';

/** Stands for a permission that no rule gives: the NIC is not guarded, its egress is open, the traffic is essential. */
export const withoutRule = '';

/**
 * Who allows a flow at one end: the groups that have a rule for it, or `withoutRule`; nobody where it is denied. The
 * verdict of packages/model, for what one host knows. Spoofing is judged elsewhere, also inside allowed connections.
 */
export function* permissionsAt(
  state: HostState,
  nic: HostNic,
  direction: Direction,
  flow: Flow,
): Generator<string, void, void> {
  const payload = firstPayload(flow);
  const { source, destination } = flow;
  const isOpen = !nic.guarded || (direction === 'egress' && nic.egressOpen);
  if (isOpen || isEssential({ sourceMac: '', source, destination, payload }, direction, nic.dhcpServers)) {
    yield withoutRule;
    return;
  }
  const peer = new Peer(direction === 'ingress' ? source : destination);
  for (const id of nic.groups) {
    const rules = state.groups.get(id)?.rules ?? [];
    if (rules.some((rule) => rule.direction === direction && matches(state, nic, rule, payload, peer))) yield id;
  }
}

export function isAllowedAt(state: HostState, nic: HostNic, direction: Direction, flow: Flow): boolean {
  return permissionsAt(state, nic, direction, flow).next().done === false;
}

/** The other end's address, parsed when a rule first asks for it. */
class Peer {
  #address: Address | undefined;

  constructor(readonly text: string) {}

  isIn(cidr: Cidr | undefined): boolean {
    this.#address ??= parseAddress(this.text);
    return cidr !== undefined && this.#address !== undefined && cidrContains(cidr, this.#address);
  }
}

function matches(state: HostState, { routingDomain }: HostNic, rule: Rule, payload: PacketPayload, peer: Peer) {
  const { cidr, addressGroup, remoteGroup } = rule;
  if (!rule.active || !coversPayload(rule, payload)) return false;
  if (remoteGroup !== undefined) {
    const members = state.memberSets.get(memberSetKey(remoteGroup, routingDomain));
    if (members?.addresses.has(peer.text) !== true) return false;
  }
  if (cidr !== undefined && !peer.isIn(cidrOf(rule, cidr))) return false;
  return addressGroup === undefined || cidrsOf(state.addressGroups.get(addressGroup)).some((each) => peer.isIn(each));
}

function coversPayload({ protocol, ports, icmp }: Rule, payload: PacketPayload): boolean {
  if (protocol === 'all') return true;
  if (payload.protocol !== protocol) return false;
  if (payload.protocol !== 'icmp') {
    const { destinationPort } = payload;
    return ports === undefined || (ports.start <= destinationPort && destinationPort <= ports.end);
  }
  return icmp === undefined || (icmp.type === payload.type && (icmp.code === undefined || icmp.code === payload.code));
}

const ruleCidrs = new WeakMap<Rule, Cidr>();
const groupCidrs = new WeakMap<HostAddressGroup, readonly Cidr[]>();

function cidrOf(rule: Rule, text: string): Cidr | undefined {
  const cidr = ruleCidrs.get(rule) ?? parseCidr(text);
  if (cidr !== undefined) ruleCidrs.set(rule, cidr);
  return cidr;
}

function cidrsOf(group: HostAddressGroup | undefined): readonly Cidr[] {
  if (group === undefined) return [];
  const cidrs = groupCidrs.get(group) ?? [...group.cidrs].flatMap((text) => parseCidr(text) ?? []);
  groupCidrs.set(group, cidrs);
  return cidrs;
}
