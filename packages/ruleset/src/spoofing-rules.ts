import type { HostNic } from '@portcullis/compile';
import { type AddressPair, allowedPairsOf, type Family } from '@portcullis/model';
import { kernelCidr, requiredCidr } from './kernel-address.js';
import { nicChain } from './names.js';

/** What a NIC with anti-spoofing may send, whatever connection it is part of; the rest its chain drops. */
export function spoofingRules(nic: HostNic, family: Family): string[] {
  const pairs = allowedPairsOf(nic);
  const macs = [...new Set(pairs.map(({ mac }) => mac))];
  // With one MAC it is asked for once; with more, each address goes with its own.
  const isFrom = (mac: string) => (macs.length === 1 ? '' : `-m mac --mac-source ${mac} `);
  const sources = pairs
    .filter(({ cidr }) => requiredCidr(cidr).family === family)
    .map(({ mac, cidr }) => `${sourceMatch(cidr)}${isFrom(mac)}-j RETURN`);
  return [
    ...(macs.length === 1 ? [`-m mac ! --mac-source ${nic.mac} -j DROP`] : []),
    ...routerMessages[family].map((match) => `${match} -j DROP`),
    ...(family === 6 ? [`-p ipv6-icmp -j ${nicChain('discovery', nic.id)}`] : []),
    ...sources,
    ...macs.flatMap((mac) => withoutAddress[family].map((match) => `${match} ${isFrom(mac)}-j RETURN`)),
  ];
}

/**
 * What ICMPv6 of a NIC may be about. Neighbour discovery is read by its place in the packet (u32), because ip6tables has no
 * match for it: the header is the first after that of IPv6, at 0x28; the target of a neighbour message is at 0x30, and an
 * option behind it at 0x40, of a router solicitation at 0x30. What has another form is dropped: nobody else reads it alike.
 */
export function discoveryRules(nic: HostNic): string[] {
  const pairs = allowedPairsOf(nic);
  const macs = [...new Set(pairs.map(({ mac }) => mac))];
  const pairs6 = pairs.filter(({ cidr }) => requiredCidr(cidr).family === 6);
  const allowed = (type: number, tests: readonly string[], source = '') =>
    `${source}${typeMatch(type)} -m u32 --u32 "${tests.join('&&')}" -j RETURN`;
  const unspecified = '-s ::/128 ';
  return [
    `${typeMatch(134)} -j DROP`,
    `${typeMatch(137)} -j DROP`,
    allowed(133, [size(8)]),
    ...macs.map((mac) => allowed(133, [size(16), ...option(0x30, 1, mac)])),
    `${typeMatch(133)} -j DROP`,
    ...pairs6.flatMap(({ mac, cidr }) => [
      allowed(135, [size(24), ...targetIn(cidr)], unspecified),
      allowed(135, [size(32), nonce, ...targetIn(cidr)], unspecified),
      allowed(135, [size(32), ...option(0x40, 1, mac), ...targetIn(cidr)], unspecified),
      allowed(136, [size(24), ...targetIn(cidr)]),
      allowed(136, [size(32), ...option(0x40, 2, mac), ...targetIn(cidr)]),
    ]),
    `${typeMatch(136)} -j DROP`,
    `${unspecified}${typeMatch(135)} -j DROP`,
    allowed(135, [size(24)]),
    allowed(135, [size(32), nonce]),
    ...macs.map((mac) => allowed(135, [size(32), ...option(0x40, 1, mac)])),
    `${typeMatch(135)} -j DROP`,
  ];
}

/** What says more of others than its source does: no NIC may send it. */
const routerMessages: Record<Family, readonly string[]> = {
  4: ['-p udp -m udp --sport 67 --dport 68', '-p icmp -m icmp --icmp-type 5'],
  6: ['-p udp -m udp --sport 547 --dport 546'],
};

/** Packets that may be sent in the name of somebody else although MAC and address are the NIC's own. */
export const notBySource: Record<Family, readonly string[]> = {
  4: routerMessages[4],
  6: [...routerMessages[6], '-p ipv6-icmp'],
};

/** What may be sent before there is an address: DHCP; neighbour discovery and its listener reports. */
const withoutAddress: Record<Family, readonly string[]> = {
  4: ['-s 0.0.0.0/32 -p udp -m udp --sport 68 --dport 67'],
  6: [131, 132, 133, 135, 136, 143].map((type) => `-s ::/128 ${typeMatch(type)}`),
};

function typeMatch(type: number): string {
  return `-p ipv6-icmp -m icmp6 --icmpv6-type ${type}`;
}

function sourceMatch(cidr: string): string {
  const range = kernelCidr(requiredCidr(cidr));
  return range === undefined ? '' : `-s ${range} `;
}

/** ICMPv6 (58) is the first header behind that of IPv6, and is so many bytes long. */
function size(bytes: number): string {
  return `0x4>>0x8=${hex((bytes << 8) | 58)}`;
}

const nonce = '0x40>>0x10=0xe01';

/** A link-layer address, of the sender (1) or of the target (2). */
function option(at: number, kind: 1 | 2, mac: AddressPair['mac']): string[] {
  const octets = mac.split(':').map((octet) => Number.parseInt(octet, 16));
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = octets;
  const word = (...bytes: number[]) => hex(bytes.reduce((value, byte) => value * 256 + byte, 0));
  return [`${hex(at)}=${word(kind, 1, a, b)}`, `${hex(at + 4)}=${word(c, d, e, f)}`];
}

function targetIn(text: string): string[] {
  const { value, prefixLength } = requiredCidr(text);
  return [0, 1, 2, 3].flatMap((index) => {
    const bits = Math.min(Math.max(prefixLength - 32 * index, 0), 32);
    if (bits === 0) return [];
    const word = Number((value >> BigInt(96 - 32 * index)) & 0xffff_ffffn);
    const mask = bits === 32 ? '' : `&${hex(2 ** 32 - 2 ** (32 - bits))}`;
    return [`${hex(0x30 + 4 * index)}${mask}=${hex(word)}`];
  });
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
