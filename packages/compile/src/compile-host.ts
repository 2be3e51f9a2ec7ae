import {
  type AddressGroup,
  type AddressPair,
  type Binding,
  isEgressOpen,
  type Network,
  type Nic,
  type SecurityGroup,
} from '@portcullis/model';
import type { Cloud } from './cloud.js';
import {
  type HostAddressGroup,
  type HostGroup,
  type HostNic,
  type HostState,
  type MemberSet,
  memberSetKey,
} from './host-state.js';

/** The full computation: one host's state from everything (invariants D1, D2). */
export function compileHost(cloud: Cloud, host: string): HostState {
  const enabledGroups = groupsByNic(cloud);
  const nics = new Map<string, HostNic>();
  const groups = new Map<string, HostGroup>();
  const memberSets = new Map<string, MemberSet>();
  const addressGroups = new Map<string, HostAddressGroup>();
  for (const binding of cloud.bindings.values()) {
    if (binding.host !== host) continue;
    const nic = cloud.nics.get(binding.nic);
    const network = nic && cloud.networks.get(nic.network);
    if (!nic || !network) continue;
    const own = enabledGroups.get(nic.id) ?? [];
    nics.set(nic.id, compileNic(nic, network, binding, own));
    for (const group of own) {
      groups.set(group.id, compileGroup(group));
      for (const remote of remoteGroupsOf(group)) {
        const key = memberSetKey(remote, network.routingDomain);
        if (!memberSets.has(key)) memberSets.set(key, compileMembers(cloud, remote, network.routingDomain));
      }
      for (const id of addressGroupsOf(group))
        addressGroups.set(id, compileAddressGroup(id, cloud.addressGroups.get(id)));
    }
  }
  return { nics, groups, memberSets, addressGroups };
}

/** One NIC on one host. `enabledGroups` are the enabled groups it is in. */
export function compileNic(
  nic: Nic,
  network: Network,
  binding: Binding,
  enabledGroups: readonly SecurityGroup[],
): HostNic {
  const guarded = enabledGroups.length > 0;
  return {
    id: nic.id,
    interfaceName: binding.interfaceName,
    ...(binding.bridge === undefined ? {} : { bridge: binding.bridge }),
    routingDomain: network.routingDomain,
    mac: nic.mac,
    addresses: nic.addresses.toSorted(),
    antiSpoofing: nic.antiSpoofing,
    ...compilePairs(nic),
    guarded,
    groups: enabledGroups.map((group) => group.id).toSorted(),
    egressOpen: !guarded || isEgressOpen(nic.egressDefault, enabledGroups),
    dhcpServers: network.dhcpServers.toSorted(),
    ...(nic.logDrops ? { logDrops: true } : {}),
  };
}

/** Only where they say anything: a state is not another one for what nobody looks at. */
function compilePairs({ antiSpoofing, allowedPairs = [] }: Nic): Pick<HostNic, 'allowedPairs'> {
  if (!antiSpoofing || allowedPairs.length === 0) return {};
  const key = ({ mac, cidr }: AddressPair) => `${mac} ${cidr}`;
  return { allowedPairs: allowedPairs.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)) };
}

export function compileGroup(group: SecurityGroup): HostGroup {
  const rules = group.rules.filter((rule) => rule.active).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return { id: group.id, rules, ...(group.keepsFlows ? { keepsFlows: true } : {}) };
}

/** The groups whose members a group's active rules need. */
export function remoteGroupsOf(group: SecurityGroup): Set<string> {
  const active = group.rules.filter((rule) => rule.active);
  return new Set(active.flatMap((rule) => (rule.remoteGroup === undefined ? [] : [rule.remoteGroup])));
}

/** The address groups that a group's active rules name. */
export function addressGroupsOf(group: SecurityGroup): Set<string> {
  const active = group.rules.filter((rule) => rule.active);
  return new Set(active.flatMap((rule) => (rule.addressGroup === undefined ? [] : [rule.addressGroup])));
}

/** One that does not exist has no CIDRs, so that rules that name it match nobody. */
export function compileAddressGroup(id: string, group: AddressGroup | undefined): HostAddressGroup {
  return { id, cidrs: new Set(group?.cidrs) };
}

/** Members of a disabled or unknown group: none, so that its rules match nobody. */
export function compileMembers(cloud: Cloud, groupId: string, routingDomain: string): MemberSet {
  const group = cloud.groups.get(groupId);
  const members = group?.enabled ? group.nics.map((nic) => cloud.nics.get(nic)) : [];
  const inDomain = (nic: Nic | undefined): nic is Nic =>
    nic !== undefined && cloud.networks.get(nic.network)?.routingDomain === routingDomain;
  return {
    group: groupId,
    routingDomain,
    addresses: new Set(members.filter(inDomain).flatMap((nic) => nic.addresses)),
  };
}

function groupsByNic(cloud: Cloud): Map<string, SecurityGroup[]> {
  const byNic = new Map<string, SecurityGroup[]>();
  for (const group of cloud.groups.values()) {
    if (!group.enabled) continue;
    for (const nic of group.nics) byNic.set(nic, [...(byNic.get(nic) ?? []), group]);
  }
  return byNic;
}
