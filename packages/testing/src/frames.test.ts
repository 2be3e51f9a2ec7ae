import { describe, expect, it } from 'vitest';
import { buildFrame, internetChecksum, type Packet, parseFrame } from './frames.js';

const macs = { srcMac: '02:00:00:00:00:01', dstMac: '02:00:00:00:00:02' };
const v4 = { family: 4, ...macs, src: '10.0.0.1', dst: '10.0.0.2' } as const;
const v6 = { family: 6, ...macs, src: '2001:db8::1', dst: '2001:db8::2' } as const;

describe('internetChecksum', () => {
  it('is the one of RFC 1071 §3', () => {
    expect(internetChecksum(Buffer.from('0001f203f4f5f6f7', 'hex'))).toBe(~0xddf2 & 0xffff);
  });
  it('is that of a well-known IPv4 header', () => {
    expect(internetChecksum(Buffer.from('45000073000040004011' + '0000' + 'c0a80001c0a800c7', 'hex'))).toBe(0xb861);
  });
  it('pads an odd byte with zero', () => {
    expect(internetChecksum(Buffer.from([0x12]))).toBe(0xedff);
  });
});

describe('a frame', () => {
  const packets: [string, Packet][] = [
    ['TCP over IPv4', { ...v4, protocol: 'tcp', srcPort: 1, dstPort: 65_535, tcpFlags: ['syn', 'ack'], id: 7 }],
    ['TCP over IPv6', { ...v6, protocol: 'tcp', srcPort: 1234, dstPort: 80, tcpFlags: ['syn'], id: 8 }],
    ['UDP over IPv4', { ...v4, protocol: 'udp', srcPort: 53, dstPort: 53, id: 0xffffffff }],
    ['UDP over IPv6', { ...v6, protocol: 'udp', srcPort: 546, dstPort: 547, id: 9 }],
    ['ICMP echo', { ...v4, protocol: 'icmp', icmpType: 8, icmpCode: 0, id: 10 }],
    ['ICMPv6 echo', { ...v6, protocol: 'icmp', icmpType: 128, icmpCode: 0, id: 11 }],
    ['GRE', { ...v4, protocol: 47, id: 12 }],
  ];
  it.each(packets)('of %s is read as it was built', (_, packet) => {
    expect(parseFrame(buildFrame(packet))).toEqual(packet);
  });

  it.each(packets.filter(([, packet]) => packet.protocol !== 47))('of %s sums to zero', (_, packet) => {
    const frame = buildFrame(packet);
    const header = packet.family === 4 ? 20 : 40;
    const segment = frame.subarray(14 + header);
    const number = { tcp: 6, udp: 17, icmp: 58 }[packet.protocol as 'tcp'];
    const addresses = frame.subarray(14 + (packet.family === 4 ? 12 : 8), 14 + header);
    const bare = packet.family === 4 && packet.protocol === 'icmp';
    const pseudo = bare ? Buffer.alloc(0) : Buffer.concat([addresses, Buffer.from([0, segment.length, 0, number])]);
    expect(internetChecksum(Buffer.concat([pseudo, segment]))).toBe(0);
    if (packet.family === 4) expect(internetChecksum(frame.subarray(14, 34))).toBe(0);
  });

  it('of an ICMP error tells which packet it speaks of', () => {
    const original = buildFrame({ ...v4, protocol: 'udp', srcPort: 4000, dstPort: 9, id: 77 }).subarray(14);
    const body = Buffer.concat([Buffer.alloc(4), original]);
    const error = parseFrame(buildFrame({ ...v4, protocol: 'icmp', icmpType: 3, icmpCode: 3, icmpBody: body }));
    expect(error).toMatchObject({ icmpType: 3, icmpCode: 3, id: 77 });
    expect(error?.quoted).toEqual({ src: '10.0.0.1', dst: '10.0.0.2', protocol: 'udp', srcPort: 4000, dstPort: 9 });
  });

  it('of neighbour discovery is the message of RFC 4861 and nothing more', () => {
    const discovery = { target: '2001:db8::1', linkLayerAddress: macs.srcMac };
    const frame = buildFrame({ ...v6, protocol: 'icmp', icmpType: 136, discovery, id: 5 });
    expect(frame.length).toBe(14 + 40 + 32);
    expect(frame.readUInt8(14 + 7)).toBe(255);
    expect(frame.subarray(14 + 48).toString('hex')).toBe('20010db80000000000000000000000010201020000000001');
  });

  it('that is not IP is none of ours', () => {
    expect(parseFrame(Buffer.from('02000000000202000000000188b50000', 'hex'))).toBeUndefined();
    expect(parseFrame(Buffer.alloc(4))).toBeUndefined();
  });
});
