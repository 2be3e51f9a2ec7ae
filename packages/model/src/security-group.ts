/**
 * The vocabulary of policy: what a tenant says. Plain values, no behaviour.
 * What they mean is decided in one place, `verdict.ts`.
 */

/** Which way packets flow, seen from the NIC. */
export type Direction = 'ingress' | 'egress';

export type Protocol = 'all' | 'tcp' | 'udp' | 'icmp';

export type Family = 4 | 6;

/** A NIC without a counting egress rule sends freely under `auto`; `allow` and `deny` override that. */
export type EgressDefault = 'auto' | 'allow' | 'deny';

/** One allow rule. Ports are 1–65535 and inclusive; they are of the destination. */
export interface Rule {
  readonly id: string;
  readonly direction: Direction;
  readonly protocol: Protocol;
  /** TCP and UDP only; absent for `all` and `icmp`. */
  readonly ports?: PortRange;
  /** ICMP only; absent means every message. Numbers are of the rule's family when it has a CIDR, else of both. */
  readonly icmp?: IcmpMatch;
  /** Masked CIDR in canonical text, for example `10.0.0.0/8` or `2001:db8::/32`. */
  readonly cidr?: string;
  /** Id of the address group with a CIDR of which the peer is in, in place of `cidr`. */
  readonly addressGroup?: string;
  /** Id of the group whose members are the peer. With `cidr` or `addressGroup` the peer must be in both. */
  readonly remoteGroup?: string;
  /** False while the rule is disabled or has expired: it matches nothing, and still counts as a rule. */
  readonly active: boolean;
}

export interface PortRange {
  readonly start: number;
  readonly end: number;
}

export interface IcmpMatch {
  /** 0–255. */
  readonly type: number;
  /** 0–255; absent means every code of the type. */
  readonly code?: number;
}

/** A named list of CIDRs, of both families, that rules name as their peer. */
export interface AddressGroup {
  readonly id: string;
  /** Masked CIDRs in canonical text, each once. */
  readonly cidrs: readonly string[];
}

export interface SecurityGroup {
  readonly id: string;
  readonly enabled: boolean;
  /** Ids of the L3 networks whose NICs may join. */
  readonly networks: readonly string[];
  readonly rules: readonly Rule[];
  /** Ids of the NICs in the group. */
  readonly nics: readonly string[];
  /** Flows that its rules have allowed go on when they no longer do. Absent where they stop. */
  readonly keepsFlows?: true;
}
