import type { Packet } from '../frames.js';

/** Words of the kernel's connection tracking (`--ctstate`). */
export type ConnectionState = 'new' | 'established' | 'related' | 'invalid' | 'untracked';

/** Where a packet is and what the kernel knows of it, beside what its bytes say. */
export interface Situation {
  /** The hooks it passes: bridged or routed through, to the host itself, or from it. Default: `forward`. */
  readonly path?: 'forward' | 'input' | 'output';
  /** Bridge ports. A packet with either is a bridged one as br_netfilter sees it. */
  readonly physdevIn?: string;
  readonly physdevOut?: string;
  /** Devices as `-i` and `-o` see them: for a bridged packet, the bridge. */
  readonly inInterface?: string;
  readonly outInterface?: string;
  /** Default: what connection tracking makes of a first packet: untracked for neighbour discovery, else new. */
  readonly state?: ConnectionState;
  readonly direction?: 'original' | 'reply';
  readonly mark?: number;
  readonly connectionMark?: number;
  /** Default: 255 for neighbour discovery, else 64. */
  readonly hopLimit?: number;
}

export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

/** The packet on its way: targets change its marks and its tracking. */
export interface Traveller {
  readonly packet: Packet;
  readonly physdevIn: string;
  readonly physdevOut: string;
  readonly inInterface: string;
  readonly outInterface: string;
  readonly direction: 'original' | 'reply';
  readonly hopLimit: number;
  readonly icmpType: number;
  readonly icmpCode: number;
  state: ConnectionState;
  mark: number;
  connectionMark: number;
  hook: Hook;
}

/** RFC 4861 and RFC 3810 messages that the kernel does not track (nf_conntrack_proto_icmpv6.c, noct_valid_new). */
const untrackedTypes = [130, 131, 132, 133, 134, 135, 136, 143];

export function setOut(packet: Packet, situation: Situation): Traveller {
  const isIcmp = packet.protocol === 'icmp';
  const icmpType = isIcmp ? (packet.icmpType ?? (packet.family === 4 ? 8 : 128)) : -1;
  const isUntracked = packet.family === 6 && untrackedTypes.includes(icmpType);
  const isDiscovery = packet.family === 6 && icmpType >= 133 && icmpType <= 137;
  return {
    packet,
    physdevIn: situation.physdevIn ?? '',
    physdevOut: situation.physdevOut ?? '',
    inInterface: situation.inInterface ?? '',
    outInterface: situation.outInterface ?? '',
    direction: situation.direction ?? 'original',
    hopLimit: situation.hopLimit ?? (isDiscovery ? 255 : 64),
    icmpType,
    icmpCode: isIcmp ? (packet.icmpCode ?? 0) : -1,
    state: situation.state ?? (isUntracked ? 'untracked' : 'new'),
    mark: situation.mark ?? 0,
    connectionMark: situation.connectionMark ?? 0,
    hook: 'PREROUTING',
  };
}

/** The port a packet is going out by is known once it has been decided where it goes. */
export function knownPhysdevOut(traveller: Traveller): string {
  return traveller.hook === 'FORWARD' || traveller.hook === 'POSTROUTING' ? traveller.physdevOut : '';
}

export function knownOutInterface(traveller: Traveller): string {
  return traveller.hook === 'PREROUTING' || traveller.hook === 'INPUT' ? '' : traveller.outInterface;
}

export function protocolOf({ protocol, family }: Packet): number {
  if (typeof protocol === 'number') return protocol;
  return { tcp: 6, udp: 17, icmp: family === 4 ? 1 : 58 }[protocol];
}
