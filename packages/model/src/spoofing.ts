import type { AddressPair, Nic } from './inventory.js';
import { addressBits, cidrContains, linkLocalAddress, parseAddress, parseCidr } from './ip.js';
import type { ArpPacket, Packet, PacketPayload } from './packet.js';
import type { Family } from './security-group.js';

/**
 * Whether a packet that leaves a NIC with anti-spoofing is sent in the name of somebody else. A NIC sends from its MAC and
 * one of its addresses or the link-local address of its MAC, or from one of its allowed pairs, or, where it has no address
 * yet, from the unspecified one. It is no router and no DHCP server, and speaks of its own addresses only.
 */
export function isSpoofed(nic: Nic, packet: Packet): boolean {
  const pairs = allowedPairsOf(nic);
  const own = pairs.filter(({ mac }) => mac === packet.sourceMac);
  if (own.length === 0) return true;
  const family = parseAddress(packet.source)?.family ?? 4;
  if (isServerMessage(packet.payload, family) || isForgedDiscovery(pairs, packet, family)) return true;
  if (own.some(({ cidr }) => isIn(cidr, packet.source))) return false;
  if (packet.source === '0.0.0.0') return !isDhcpRequest(packet.payload);
  return packet.source !== '::' || !isSentWithoutAddress(packet.payload);
}

/**
 * Whether ARP of a NIC with anti-spoofing speaks for somebody else: the sender is not one of its addresses with its MAC. With
 * no sender it asks whether an address is free (RFC 5227), which is to be its own.
 */
export function isForgedArp(nic: Nic, { sourceMac, senderMac, sender, target }: ArpPacket): boolean {
  if (senderMac !== sourceMac) return true;
  const own = allowedPairsOf(nic).filter(({ mac }) => mac === sourceMac);
  const isOwn = (address: string) => own.some(({ cidr }) => isIn(cidr, address));
  return !isOwn(sender) && !(sender === '0.0.0.0' && isOwn(target));
}

/** Whether a frame of a NIC with anti-spoofing comes from a MAC that is not its own, whatever it carries. */
export function isForgedMac(nic: Nic, sourceMac: string): boolean {
  return !allowedPairsOf(nic).some(({ mac }) => mac === sourceMac);
}

/** Everything a NIC may use, its own first. */
export function allowedPairsOf({
  mac,
  addresses,
  allowedPairs = [],
}: Pick<Nic, 'mac' | 'addresses' | 'allowedPairs'>): AddressPair[] {
  const own = addresses.map((address): AddressPair => ({ mac, cidr: hostCidr(address) }));
  const macs = new Set([mac, ...allowedPairs.map((pair) => pair.mac)]);
  const linkLocal = [...macs].map((each): AddressPair => ({ mac: each, cidr: hostCidr(linkLocalAddress(each)) }));
  return [...own, ...linkLocal, ...allowedPairs];
}

/** Router advertisements, redirects of both families, answers of DHCPv4 and DHCPv6 servers. */
function isServerMessage(payload: PacketPayload, family: Family): boolean {
  if (payload.protocol === 'icmp') return (family === 4 ? [5] : [134, 137]).includes(payload.type);
  const [server, client] = family === 4 ? [67, 68] : [547, 546];
  return payload.protocol === 'udp' && payload.sourcePort === server && payload.destinationPort === client;
}

function isForgedDiscovery(pairs: readonly AddressPair[], { source, payload }: Packet, family: Family): boolean {
  if (family !== 6 || payload.protocol !== 'icmp' || ![133, 135, 136].includes(payload.type)) return false;
  const { discovery } = payload;
  if (discovery === undefined) return true;
  const { target = '', linkLayerAddress } = discovery;
  const own = pairs.filter(({ mac }) => linkLayerAddress === undefined || linkLayerAddress === mac);
  // Duplicate address detection (RFC 4862 §5.4) speaks of the sender's own address, as an advertisement does.
  const isOfTarget = payload.type === 136 || (payload.type === 135 && source === '::');
  return isOfTarget ? !own.some(({ cidr }) => isIn(cidr, target)) : own.length === 0;
}

function isDhcpRequest(payload: PacketPayload): boolean {
  return payload.protocol === 'udp' && payload.sourcePort === 68 && payload.destinationPort === 67;
}

/** Neighbour discovery, and the listener reports that go with it (RFC 3590). */
function isSentWithoutAddress(payload: PacketPayload): boolean {
  return payload.protocol === 'icmp' && [131, 132, 133, 135, 136, 143].includes(payload.type);
}

function isIn(text: string, addressText: string): boolean {
  const [cidr, address] = [parseCidr(text), parseAddress(addressText)];
  return cidr !== undefined && address !== undefined && cidrContains(cidr, address);
}

function hostCidr(text: string): string {
  return `${text}/${addressBits(parseAddress(text)?.family ?? 4)}`;
}
