/**
 * One packet as a NIC sees it. Addresses are canonical text of one family; numbers are those of the wire.
 * Anything a rule cannot name is left out.
 */
export interface Packet {
  readonly sourceMac: string;
  readonly source: string;
  readonly destination: string;
  readonly payload: PacketPayload;
}

export type PacketPayload =
  | { readonly protocol: 'tcp' | 'udp'; readonly sourcePort: number; readonly destinationPort: number }
  /** ICMPv4 or ICMPv6, by the family of the addresses. */
  | { readonly protocol: 'icmp'; readonly type: number; readonly code: number }
  /** Any other protocol, by its number (1–255). */
  | { readonly protocol: number };
