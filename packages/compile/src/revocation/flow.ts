import type { PacketPayload } from '@portcullis/model';

/**
 * What the permission of a flow depends on: addresses of its first packet, protocol, and destination port. Rules do not
 * look at source ports, so all flows of one key are allowed, or none.
 */
export interface FlowKey {
  /** Canonical text. */
  readonly source: string;
  readonly destination: string;
  /** By its number. */
  readonly protocol: number;
  /** Of ICMP 256 times the type, plus the code; 0 where the protocol has no ports. */
  readonly port: number;
}

/** One flow that the kernel tracks. */
export interface Flow extends FlowKey {
  /** The one thing a source port decides is whether a packet is of DHCP. */
  readonly sourcePort: number;
}

export const protocolNumbers = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 } as const;

export function isIcmp(protocol: number): boolean {
  return protocol === protocolNumbers.icmp || protocol === protocolNumbers.icmpv6;
}

/** The first packet of a flow, as far as rules see it. */
export function firstPayload({ protocol, port, sourcePort }: Flow): PacketPayload {
  if (protocol === protocolNumbers.tcp) return { protocol: 'tcp', sourcePort, destinationPort: port };
  if (protocol === protocolNumbers.udp) return { protocol: 'udp', sourcePort, destinationPort: port };
  if (isIcmp(protocol)) return { protocol: 'icmp', type: port >> 8, code: port & 255 };
  return { protocol };
}
