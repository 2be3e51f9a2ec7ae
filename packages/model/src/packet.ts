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
  | {
      readonly protocol: 'icmp';
      readonly type: number;
      readonly code: number;
      readonly discovery?: NeighbourDiscovery;
    }
  /** Any other protocol, by its number (1–255). */
  | { readonly protocol: number };

/**
 * What a router solicitation, a neighbour solicitation or a neighbour advertisement says (ICMPv6 133, 135, 136; RFC 4861
 * §4). Absent where the message has another form than these have: right behind the IPv6 header, with no option but one, which
 * is the sender's link-layer address or, in a neighbour solicitation, a nonce (RFC 7527).
 */
export interface NeighbourDiscovery {
  /** Not in a router solicitation. */
  readonly target?: string;
  readonly linkLayerAddress?: string;
}

/** ARP (RFC 826) for IPv4 over Ethernet, request or answer, as a bridge port sees it. */
export interface ArpPacket {
  /** Of the frame. */
  readonly sourceMac: string;
  readonly senderMac: string;
  readonly sender: string;
  readonly target: string;
}
