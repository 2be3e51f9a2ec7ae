import type { Fate, ProbePacket } from '@portcullis/testing';

/** A kind of packet, in both families unless it exists in one only. */
export interface PacketKind {
  readonly name: string;
  readonly variants: readonly ProbePacket[];
}

const bothFamilies = (make: (family: 4 | 6) => ProbePacket): ProbePacket[] => [make(4), make(6)];

export function tcp(port: number): PacketKind {
  return { name: `tcp/${port}`, variants: bothFamilies((family) => ({ family, protocol: 'tcp', dstPort: port })) };
}

export function udp(port: number): PacketKind {
  return { name: `udp/${port}`, variants: bothFamilies((family) => ({ family, protocol: 'udp', dstPort: port })) };
}

/** Echo request: ICMP type 8 (RFC 792), ICMPv6 type 128 (RFC 4443). */
export const echo: PacketKind = {
  name: 'echo',
  variants: bothFamilies((family) => ({ family, protocol: 'icmp', icmpType: family === 4 ? 8 : 128, icmpCode: 0 })),
};

/** Another message: ICMP timestamp, type 13; ICMPv6 node information query, type 139 (RFC 4620). */
export const otherIcmp: PacketKind = {
  name: 'icmp-other',
  variants: bothFamilies((family) => ({ family, protocol: 'icmp', icmpType: family === 4 ? 13 : 139, icmpCode: 0 })),
};

/** A protocol without ports: GRE, 47. */
export const gre: PacketKind = { name: 'gre', variants: bothFamilies((family) => ({ family, protocol: 47 })) };

/** Only one family of a kind. */
export function only(family: 4 | 6, kind: PacketKind): PacketKind {
  return { name: `${kind.name} IPv${family}`, variants: kind.variants.filter((each) => each.family === family) };
}

/** The same from an address that is not the sender's. */
export function spoofed(kind: PacketKind, sources: Readonly<Record<4 | 6, string>>): PacketKind {
  return {
    name: `${kind.name} spoofed`,
    variants: kind.variants.map((packet) => ({ ...packet, src: sources[packet.family] })),
  };
}

/** The same from a MAC that is not the sender's. */
export function forged(kind: PacketKind, srcMac: string): PacketKind {
  return { name: `${kind.name} forged MAC`, variants: kind.variants.map((packet) => ({ ...packet, srcMac })) };
}

export const everyday: readonly PacketKind[] = [tcp(80), udp(53), echo];
export const everything: readonly PacketKind[] = [tcp(1), tcp(65535), udp(1), udp(65535), echo, otherIcmp, gre];

/** What is expected of packets from one VM to another. */
export interface Statement {
  readonly from: string;
  readonly to: string;
  readonly kinds: readonly PacketKind[];
  readonly fate: Fate;
}

export function passes(from: string, to: string, ...kinds: PacketKind[]): Statement {
  return { from, to, kinds, fate: 'delivered' };
}

export function drops(from: string, to: string, ...kinds: PacketKind[]): Statement {
  return { from, to, kinds, fate: 'dropped' };
}
