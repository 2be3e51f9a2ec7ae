import { formatAddress, parseAddress } from '@portcullis/model';

/** A packet in words: what a test says, and what a frame on the wire was found to be. */
export interface Packet {
  readonly family: 4 | 6;
  readonly srcMac: string;
  readonly dstMac: string;
  readonly src: string;
  readonly dst: string;
  /** A number is an IP protocol of its own (47 is GRE) and carries the bare payload. */
  readonly protocol: 'tcp' | 'udp' | 'icmp' | number;
  readonly srcPort?: number;
  readonly dstPort?: number;
  /** Of the packet's family: ICMP for IPv4, ICMPv6 for IPv6. Default: echo request. */
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** RFC 9293 §3.1 control bits. Default: `['syn']`. */
  readonly tcpFlags?: readonly TcpFlag[];
  /** Default: 1. */
  readonly tcpSequence?: number;
  /** Default: 0. */
  readonly tcpAcknowledgement?: number;
  /** Marks the payload, so that one packet is told from all others: 0 to 2^32 - 1. */
  readonly id?: number;
  /**
   * ICMP only: what follows the checksum, before the payload. Default: an identifier (the low
   * half of `id`, so that each packet is a flow of its own) and a sequence number (the high half).
   */
  readonly icmpBody?: Uint8Array;
  /** What is carried. Default: a marker and `id`. */
  readonly payload?: Uint8Array;
  /** ICMPv6 133, 135 and 136 only: the whole message, which has no room for a payload. In place of `icmpBody`. */
  readonly discovery?: Discovery;
}

/** RFC 4861 §4.1, §4.3, §4.4. */
interface Discovery {
  /** Not in a router solicitation. */
  readonly target?: string;
  readonly linkLayerAddress?: string;
  /** RFC 7527 §4.1; nobody reads it. */
  readonly hasNonce?: boolean;
}

export type TcpFlag = keyof typeof tcpFlagBits;

/** What `parseFrame` finds; `quoted` is the packet an ICMP error speaks of. */
export interface ParsedPacket extends Packet {
  readonly quoted?: Pick<Packet, 'src' | 'dst' | 'protocol' | 'srcPort' | 'dstPort'>;
}

const tcpFlagBits = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32 } as const;
const etherType = { 4: 0x0800, 6: 0x86dd } as const;
const icmpNumber = { 4: 1, 6: 58 } as const;
const marker = Buffer.from('pclb');

/** The whole Ethernet frame, all checksums filled in (RFC 1071), without the frame check sequence. */
export function buildFrame(packet: Packet): Buffer {
  const src = addressBytes(packet.src, packet.family);
  const dst = addressBytes(packet.dst, packet.family);
  const protocol = protocolNumber(packet);
  const segment = buildSegment(packet, Buffer.concat([src, dst]), protocol);
  const network = packet.family === 4 ? ipv4Header : ipv6Header;
  const ethernet = Buffer.concat([macBytes(packet.dstMac), macBytes(packet.srcMac), uint16(etherType[packet.family])]);
  const hopLimit = isNeighbourDiscovery(packet) ? 255 : 64;
  return Buffer.concat([ethernet, network({ src, dst, protocol, hopLimit, length: segment.length }), segment]);
}

/** What an ARP frame says (RFC 826), IPv4 over Ethernet. */
export interface Arp {
  readonly srcMac: string;
  readonly dstMac: string;
  readonly operation: 'request' | 'reply';
  readonly senderMac: string;
  readonly sender: string;
  readonly targetMac: string;
  readonly target: string;
}

export function buildArpFrame({ srcMac, dstMac, operation, senderMac, sender, targetMac, target }: Arp): Buffer {
  const head = Buffer.concat([macBytes(dstMac), macBytes(srcMac), uint16(0x0806)]);
  const kinds = Buffer.from([0, 1, 8, 0, 6, 4, 0, operation === 'request' ? 1 : 2]);
  const ends = [macBytes(senderMac), addressBytes(sender, 4), macBytes(targetMac), addressBytes(target, 4)];
  return Buffer.concat([head, kinds, ...ends, Buffer.alloc(18)]);
}

/** Reads one Ethernet frame; undefined when it is not IP, cut short, or carries IPv6 extension headers. */
export function parseFrame(frame: Buffer): ParsedPacket | undefined {
  if (frame.length < 14) return undefined;
  const type = frame.readUInt16BE(12);
  const family = type === etherType[4] ? 4 : type === etherType[6] ? 6 : undefined;
  if (family === undefined) return undefined;
  const datagram = readDatagram(frame.subarray(14), family);
  if (datagram === undefined) return undefined;
  const macs = { dstMac: formatMac(frame.subarray(0, 6)), srcMac: formatMac(frame.subarray(6, 12)) };
  const { src, dst, number, segment } = datagram;
  return { family, ...macs, src, dst, ...readSegment(segment, number, family), ...readMarker(segment) };
}

/** The Internet checksum (RFC 1071): the complement of the ones' complement sum of 16-bit words. */
export function internetChecksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

interface Header {
  readonly src: Buffer;
  readonly dst: Buffer;
  readonly protocol: number;
  readonly hopLimit: number;
  readonly length: number;
}

function ipv4Header({ src, dst, protocol, hopLimit, length }: Header): Buffer {
  const header = Buffer.concat([Buffer.alloc(12), src, dst]);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(20 + length, 2);
  header.writeUInt16BE(0x4000, 6);
  header.writeUInt8(hopLimit, 8);
  header.writeUInt8(protocol, 9);
  header.writeUInt16BE(internetChecksum(header), 10);
  return header;
}

function ipv6Header({ src, dst, protocol, hopLimit, length }: Header): Buffer {
  const header = Buffer.concat([Buffer.alloc(8), src, dst]);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(length, 4);
  header.writeUInt8(protocol, 6);
  header.writeUInt8(hopLimit, 7);
  return header;
}

function buildSegment(packet: Packet, addresses: Buffer, protocol: number): Buffer {
  const id = packet.id ?? 0;
  const payload = packet.payload === undefined ? Buffer.concat([marker, uint32(id)]) : Buffer.from(packet.payload);
  const ports = Buffer.concat([uint16(packet.srcPort ?? 0), uint16(packet.dstPort ?? 0)]);
  if (packet.protocol === 'tcp') {
    const flags = (packet.tcpFlags ?? ['syn']).reduce((bits, flag) => bits | tcpFlagBits[flag], 0);
    const numbers = [uint32(packet.tcpSequence ?? 1), uint32(packet.tcpAcknowledgement ?? 0)];
    const rest = Buffer.concat([...numbers, Buffer.from([0x50, flags]), uint16(64_240), uint32(0)]);
    return withChecksum(Buffer.concat([ports, rest, payload]), 16, pseudoHeader);
  }
  if (packet.protocol === 'udp') {
    const segment = withChecksum(
      Buffer.concat([ports, uint16(8 + payload.length), uint16(0), payload]),
      6,
      pseudoHeader,
    );
    if (segment.readUInt16BE(6) === 0) segment.writeUInt16BE(0xffff, 6);
    return segment;
  }
  if (packet.protocol !== 'icmp') return payload;
  const type = packet.icmpType ?? (packet.family === 4 ? 8 : 128);
  const checked = (message: Buffer) =>
    withChecksum(message, 2, (length) => (packet.family === 4 ? Buffer.alloc(0) : pseudoHeader(length)));
  if (packet.discovery !== undefined) {
    return checked(
      Buffer.concat([Buffer.from([type, packet.icmpCode ?? 0, 0, 0]), discoveryBody(packet.discovery, type)]),
    );
  }
  const body = packet.icmpBody ?? Buffer.concat([uint16(id & 0xffff), uint16(id >>> 16)]);
  const message = Buffer.concat([Buffer.from([type, packet.icmpCode ?? 0, 0, 0]), body, payload]);
  return checked(message);

  /** RFC 768 and RFC 9293 §3.1 for IPv4, RFC 8200 §8.1 for IPv6; the longer form sums to the same. */
  function pseudoHeader(length: number): Buffer {
    return Buffer.concat([addresses, uint32(length), uint32(protocol)]);
  }
}

function discoveryBody({ target, linkLayerAddress, hasNonce = false }: Discovery, type: number): Buffer {
  const parts: Buffer[] = [Buffer.alloc(4)];
  if (target !== undefined) parts.push(addressBytes(target, 6));
  if (hasNonce) parts.push(Buffer.from([14, 1, 1, 2, 3, 4, 5, 6]));
  if (linkLayerAddress !== undefined) parts.push(Buffer.from([type === 136 ? 2 : 1, 1]), macBytes(linkLayerAddress));
  return Buffer.concat(parts);
}

function withChecksum(segment: Buffer, offset: number, pseudoHeader: (length: number) => Buffer): Buffer {
  segment.writeUInt16BE(internetChecksum(Buffer.concat([pseudoHeader(segment.length), segment])), offset);
  return segment;
}

interface Datagram {
  readonly src: string;
  readonly dst: string;
  readonly number: number;
  readonly segment: Buffer;
}

function readDatagram(bytes: Buffer, family: 4 | 6): Datagram | undefined {
  if (bytes.length < (family === 4 ? 20 : 40)) return undefined;
  if (family === 6) {
    const segment = bytes.subarray(40, 40 + bytes.readUInt16BE(4));
    return { src: readAddress(bytes, 8, 6), dst: readAddress(bytes, 24, 6), number: bytes.readUInt8(6), segment };
  }
  const segment = bytes.subarray((bytes.readUInt8(0) & 15) * 4, bytes.readUInt16BE(2));
  return { src: readAddress(bytes, 12, 4), dst: readAddress(bytes, 16, 4), number: bytes.readUInt8(9), segment };
}

type Segment = Pick<ParsedPacket, 'protocol' | 'srcPort' | 'dstPort' | 'tcpFlags' | 'icmpType' | 'icmpCode' | 'quoted'>;

function readSegment(segment: Buffer, number: number, family: 4 | 6): Segment {
  if ((number === 6 || number === 17) && segment.length >= 8) {
    const ports = { srcPort: segment.readUInt16BE(0), dstPort: segment.readUInt16BE(2) };
    if (number === 17) return { protocol: 'udp' as const, ...ports };
    const bits = segment.length > 13 ? segment.readUInt8(13) : 0;
    const tcpFlags = (Object.keys(tcpFlagBits) as TcpFlag[]).filter((flag) => (bits & tcpFlagBits[flag]) !== 0);
    return { protocol: 'tcp' as const, ...ports, tcpFlags };
  }
  if (number !== icmpNumber[family] || segment.length < 4) return { protocol: number };
  const icmpType = segment.readUInt8(0);
  const icmp = { protocol: 'icmp' as const, icmpType, icmpCode: segment.readUInt8(1) };
  const isError = family === 4 ? [3, 4, 5, 11, 12].includes(icmpType) : icmpType < 128;
  const quoted = isError ? readDatagram(segment.subarray(8), family) : undefined;
  if (quoted === undefined) return icmp;
  const { protocol, srcPort, dstPort } = readSegment(quoted.segment, quoted.number, family);
  const ports = srcPort === undefined || dstPort === undefined ? {} : { srcPort, dstPort };
  return { ...icmp, quoted: { src: quoted.src, dst: quoted.dst, protocol, ...ports } };
}

/** The marker may stand in a quoted packet too: an ICMP error carries the id of what it answers. */
function readMarker(segment: Buffer): { id?: number } {
  const at = segment.indexOf(marker);
  return at < 0 || at + 8 > segment.length ? {} : { id: segment.readUInt32BE(at + 4) };
}

function isNeighbourDiscovery({ family, protocol, icmpType = 0 }: Packet): boolean {
  return family === 6 && protocol === 'icmp' && icmpType >= 133 && icmpType <= 137;
}

function protocolNumber({ protocol, family }: Packet): number {
  if (typeof protocol === 'number') return protocol;
  return { tcp: 6, udp: 17, icmp: icmpNumber[family] }[protocol];
}

function addressBytes(text: string, family: 4 | 6): Buffer {
  const address = parseAddress(text);
  if (address?.family !== family) throw new Error(`${text} is not an IPv${family} address`);
  return Buffer.from(address.value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex');
}

function readAddress(bytes: Buffer, offset: number, family: 4 | 6): string {
  const hex = bytes.subarray(offset, offset + (family === 4 ? 4 : 16)).toString('hex');
  return formatAddress({ family, value: BigInt(`0x${hex}`) });
}

export function macBytes(mac: string): Buffer {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) throw new Error(`${mac} is not a MAC address`);
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

function formatMac(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function uint16(value: number): Buffer {
  return Buffer.from([value >>> 8, value & 0xff]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
