import type { AddressPair, Rule } from '@portcullis/model';

/**
 * What one host has to enforce, and nothing else (invariant D2): its own NICs, the rules of their enabled groups,
 * the members of the groups and the CIDRs of the address groups those rules name. A pure function of policy revision, inventory revision and host.
 */
export interface HostState {
  readonly nics: ReadonlyMap<string, HostNic>;
  readonly groups: ReadonlyMap<string, HostGroup>;
  /** Keyed by `memberSetKey`. A remote group that is disabled or empty has an empty set, never none. */
  readonly memberSets: ReadonlyMap<string, MemberSet>;
  /** One that is empty or does not exist has no CIDRs, and is never left out. */
  readonly addressGroups: ReadonlyMap<string, HostAddressGroup>;
}

export interface HostNic {
  readonly id: string;
  readonly interfaceName: string;
  readonly bridge?: string;
  readonly routingDomain: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly antiSpoofing: boolean;
  /** What anti-spoofing lets pass beside its own MAC and addresses, sorted; absent where there is none. */
  readonly allowedPairs?: readonly AddressPair[];
  /** In at least one enabled group. An unguarded NIC gets no chain (anti-spoofing apart). */
  readonly guarded: boolean;
  /** Ids of its enabled groups, sorted. */
  readonly groups: readonly string[];
  /** Everything may leave: decided from the egress default and the counting egress rules of all its groups. */
  readonly egressOpen: boolean;
  /** The network's DHCP servers, sorted; a family without any accepts an answer from anyone. */
  readonly dhcpServers: readonly string[];
  /** Dropped packets are logged; absent where not. */
  readonly logDrops?: true;
}

/** Rules of one enabled group, sorted by id; inactive ones are left out. */
export interface HostGroup {
  readonly id: string;
  readonly rules: readonly Rule[];
  /** Flows that its rules have allowed go on when they no longer do. Absent where they stop. */
  readonly keepsFlows?: true;
}

/** All addresses of all NICs of one group in one routing domain, both families, canonical text. */
export interface MemberSet {
  readonly group: string;
  readonly routingDomain: string;
  readonly addresses: ReadonlySet<string>;
}

/** The CIDRs of one address group, both families, masked, canonical text. */
export interface HostAddressGroup {
  readonly id: string;
  readonly cidrs: ReadonlySet<string>;
}

/** One group may have members in several routing domains; each domain has a set of its own. */
export function memberSetKey(group: string, routingDomain: string): string {
  return `${group}@${routingDomain}`;
}

/** The parts of a key that `memberSetKey` made. Group ids hold no "@". */
export function parseMemberSetKey(key: string): { group: string; routingDomain: string } {
  const at = key.indexOf('@');
  return { group: key.slice(0, at), routingDomain: key.slice(at + 1) };
}
