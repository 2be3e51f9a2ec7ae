import { parseAddress } from './ip.js';
import type { Packet } from './packet.js';
import type { Direction, Family } from './security-group.js';

/** ICMPv6 types of neighbour discovery (RFC 4861): router solicitation, router advertisement, neighbour solicitation and advertisement. */
const neighbourDiscovery: Record<Direction, readonly number[]> = {
  ingress: [134, 135, 136],
  egress: [133, 135, 136],
};

/** Client and server ports of DHCPv4 (RFC 2131 §4.1) and DHCPv6 (RFC 8415 §7.2). */
const dhcpPorts: Record<Family, { client: number; server: number }> = {
  4: { client: 68, server: 67 },
  6: { client: 546, server: 547 },
};

/**
 * Whether a packet is traffic a guarded NIC cannot live without: IPv6 neighbour discovery and its own DHCP exchange.
 * `dhcpServers` are those the network names; a family without any accepts answers from anyone.
 */
export function isEssential(packet: Packet, direction: Direction, dhcpServers: readonly string[]): boolean {
  const family = parseAddress(packet.source)?.family ?? 4;
  const { payload } = packet;
  if (payload.protocol === 'icmp') return family === 6 && neighbourDiscovery[direction].includes(payload.type);
  if (payload.protocol !== 'udp') return false;
  const { client, server } = dhcpPorts[family];
  if (direction === 'egress') return payload.sourcePort === client && payload.destinationPort === server;
  if (payload.sourcePort !== server || payload.destinationPort !== client) return false;
  const named = dhcpServers.filter((address) => parseAddress(address)?.family === family);
  return named.length === 0 || named.includes(packet.source);
}
