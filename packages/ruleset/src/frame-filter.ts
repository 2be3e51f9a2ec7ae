import type { HostNic } from '@portcullis/compile';
import { type AddressPair, allowedPairsOf } from '@portcullis/model';
import { kernelCidr, requiredCidr } from './kernel-address.js';
import { renderNameTree } from './name-tree.js';
import { chains, frameChain } from './names.js';

/**
 * What the kernel is to do with frames that iptables never sees: the table `nat` of ebtables, whose PREROUTING every frame
 * passes that comes in by a port of a bridge, whoever it is for, and before the bridge learns from it where a MAC lives.
 */
export interface FrameFilter {
  /** Rules of each chain as ebtables-save prints them. None where no NIC needs any. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
}

export const frameTable = 'nat';

/**
 * The first rule of PREROUTING, where there are any chains. iptables judges packets, their MAC with them, and as early: they
 * pass this one comparison. To ebtables a packet in a VLAN is not one, and iptables does not see it.
 */
export const frameHook = `-p ! IPv4 -j ${chains.frame}`;

/** Rules of a NIC that were made before. */
const known = new WeakMap<HostNic, readonly string[]>();

const packets6 = '-p IPv6 -j RETURN';

/** Judges the frames of NICs with anti-spoofing; `closed` names NICs of which nothing is let in. */
export function renderFrames(nics: Iterable<HostNic>, closed: ReadonlySet<string>): FrameFilter {
  const made = new Map<string, readonly string[]>();
  const targets = new Map<string, string>();
  for (const nic of nics) {
    const isClosed = closed.has(nic.id);
    if (!nic.antiSpoofing && !isClosed) continue;
    const rules = known.get(nic) ?? frameRules(nic);
    known.set(nic, rules);
    made.set(frameChain(nic.id), isClosed ? ['-j DROP'] : rules);
    targets.set(nic.interfaceName, frameChain(nic.id));
  }
  if (targets.size === 0) return { chains: made };
  const entry = (pattern: string, chain: string) => `-i ${pattern} -j ${chain}`;
  const tree = renderNameTree({ name: chains.frame, root: chains.frame, entry }, targets);
  const found = tree.map(({ name, rules }) => [name, name === chains.frame ? [packets6, ...rules] : rules] as const);
  return { chains: new Map([...made, ...found]) };
}

/**
 * Every frame comes from a MAC of the NIC. ARP (RFC 826) speaks of an address with its MAC, or asks, before an address is
 * used, whether somebody else has it (RFC 5227): then the sender's address is none, and the target its own.
 */
function frameRules(nic: HostNic): string[] {
  const pairs = allowedPairsOf(nic);
  const macs = new Set(pairs.map(({ mac }) => mac));
  return [
    ...[...macs].map((mac) => `-p ! ARP -s ${mac} -j RETURN`),
    ...pairs.filter(({ cidr }) => requiredCidr(cidr).family === 4).flatMap(arpRules),
    '-j DROP',
  ];
}

function arpRules({ mac, cidr }: AddressPair): string[] {
  const range = addressText(cidr);
  const rule = (what: string) => `-p ARP -s ${mac}${what} --arp-mac-src ${mac} -j RETURN`;
  if (range === undefined) return [rule('')];
  return [rule(` --arp-ip-src ${range}`), rule(` --arp-ip-src 0.0.0.0 --arp-ip-dst ${range}`)];
}

/** As ebtables prints it: one address without a length. Undefined where everything is meant. */
function addressText(cidr: string): string | undefined {
  return kernelCidr(requiredCidr(cidr))?.replace(/\/32$/, '');
}
