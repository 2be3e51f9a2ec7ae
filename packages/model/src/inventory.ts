import type { EgressDefault } from './security-group.js';

/** The vocabulary of inventory: what exists, and where. Plain values. */

export interface Network {
  readonly id: string;
  readonly kind: 'public' | 'flat' | 'vpc';
  /** Addresses are compared only inside one routing domain; two domains may use the same ones. */
  readonly routingDomain: string;
  readonly cidrs: readonly string[];
  /** When one of a family is named, DHCP answers of that family are accepted from those only. */
  readonly dhcpServers: readonly string[];
}

/** A MAC and the addresses that may be used with it. */
export interface AddressPair {
  readonly mac: string;
  /** Masked, canonical text. */
  readonly cidr: string;
}

export interface Nic {
  readonly id: string;
  readonly network: string;
  /** Lower case, colon separated. */
  readonly mac: string;
  /** Canonical text, both families, without a prefix length. */
  readonly addresses: readonly string[];
  readonly antiSpoofing: boolean;
  /** What anti-spoofing lets pass beside the NIC's own MAC and addresses; absent where there is none. */
  readonly allowedPairs?: readonly AddressPair[];
  readonly egressDefault: EgressDefault;
  /** Dropped packets are logged; no verdict depends on it. Absent where not. */
  readonly logDrops?: true;
}

/** A NIC on a host under an interface name. `staged` is a migration target. */
export interface Binding {
  readonly nic: string;
  readonly host: string;
  /** 1–15 characters, transient: it differs on a migration target and is reused. */
  readonly interfaceName: string;
  /** The bridge the interface is plugged into, where the host has overlapping routing domains. */
  readonly bridge?: string;
  readonly state: 'active' | 'staged';
}
