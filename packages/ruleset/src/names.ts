import { createHash } from 'node:crypto';
import type { Direction, Family } from '@portcullis/model';

/**
 * Names of what Portcullis owns in a kernel. Chains begin with `PC-`, sets with `pc-`; everything else is foreign.
 * Names are made by hashing, never by cutting: two groups must never share a chain. The kernel allows 28 characters for a
 * chain (XT_EXTENSION_MAXNAMELEN - 1) and 31 for a set (IPSET_MAXNAMELEN - 1).
 */
export const chains = {
  forward: 'PC-FORWARD',
  input: 'PC-INPUT',
  prerouting: 'PC-PREROUTING',
  source: 'PC-SOURCE',
  held: 'PC-HELD',
  ingress: 'PC-INGRESS',
  egress: 'PC-EGRESS',
  allow: 'PC-ALLOW',
  zone: 'PC-ZONE',
  revoked: 'PC-REVOKED',
  revokedFrom: 'PC-REV-FROM',
  revokedTo: 'PC-REV-TO',
  frame: 'PC-FRAME',
} as const;

/** The bit of the packet mark that a matching rule sets on its way back to the NIC's chain. */
export const allowMark = '0x10000000';

/** What a chain of one NIC judges: what comes in, what goes out by the rules, and whether that is sent as itself. */
export const nicChainUses = ['ingress', 'egress', 'spoofing', 'discovery', 'spoofed'] as const;
export type NicChainUse = (typeof nicChainUses)[number];

/** The chain of ebtables in which a NIC's frames are judged. */
export function frameChain(nic: string): string {
  return `PC-NF-${shortHash(nic)}`;
}

export function nicChain(use: NicChainUse, nic: string): string {
  const kind = { ingress: 'NI', egress: 'NE', spoofing: 'SN', discovery: 'SD', spoofed: 'SX' }[use];
  return `PC-${kind}-${shortHash(nic)}`;
}

/** A group has one chain per direction and routing domain: the sets of its remote groups differ by domain. */
export function groupChain(direction: Direction, group: string, routingDomain: string): string {
  return `PC-G${direction === 'ingress' ? 'I' : 'E'}-${shortHash(`${group}@${routingDomain}`)}`;
}

/** A chain that a group's chain leads to; of five characters at most is the code that tells it from the others. */
export function partOfGroupChain(chain: string, code: string): string {
  return `${chain}-${code}`;
}

/** The group's chain that leads to a part of it; any other name as it is. */
export function wholeOfGroupChain(name: string): string {
  return /^(PC-G[IE]-[0-9a-f]{16})-/.exec(name)?.[1] ?? name;
}

export function dispatchChain(root: string, prefix: string): string {
  return `${root}-${shortHash(prefix)}`;
}

/** Name of a member set without its slot. */
export function setName(memberSetKey: string, family: Family): string {
  return `pc-${family}-${shortHash(memberSetKey)}`;
}

/** Name of the set of an address group without its slot. */
export function addressGroupSetName(addressGroup: string, family: Family): string {
  return `pc-${family}n-${shortHash(addressGroup)}`;
}

/** A chain about what a NIC may send, while it is held beside the next one; `text` is all that it says. */
export function heldChain(name: string, text: string): string {
  return dispatchChain(chains.held, `${name} ${text}`);
}

/** Name of the set of the CIDRs that rules of a group's chain differ by, without its slot; `rest` is what they have in common. */
export function cidrSetName(chain: string, rest: string, family: Family): string {
  return `pc-${family}c-${shortHash(`${chain} ${rest}`)}`;
}

/** Stops what one NIC has taken back: of packets from it, or of those to it. */
export function revokedChain(side: 'from' | 'to', nic: string): string {
  return `PC-R${side === 'from' ? 'F' : 'T'}-${shortHash(nic)}`;
}

/** Name of the set of the flows, into a NIC or out of it, that the NIC has taken back, without its slot. */
export function revokedSetName(direction: Direction, nic: string, family: Family): string {
  return `pc-${family}r-${shortHash(`${direction} ${nic}`)}`;
}

export type SetType = 'hash:ip' | 'hash:net' | 'hash:ip,port,ip';

/** A set keeps its type for as long as it has its name: the type is part of the name. */
export function setTypeOf(name: string): SetType {
  if (/^pc-[46]r-/.test(name)) return 'hash:ip,port,ip';
  return /^pc-[46][nc]-/.test(name) ? 'hash:net' : 'hash:ip';
}

/** Whether the kernel counts for each member of a set what it has matched: those of rules, which are told their hits. */
export function countsMembers(name: string): boolean {
  return /^pc-[46]c-/.test(name);
}

/**
 * Each set may live in one of several places, so that a new content can be made ready beside the old. More than two,
 * because the kernel lets go of an old one only some time after the last rule that named it is gone.
 */
export const slots = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
export type Slot = (typeof slots)[number];

export function slottedName(name: string, slot: Slot): string {
  return `${name}-${slot}`;
}

/** The text of a regular expression for names of sets without a slot. */
export const setNameSource = 'pc-[46][nrc]?-[0-9a-f]{16}';

const slotted = new RegExp(`^(${setNameSource})-([a-f])$`);
const slottedInRule = new RegExp(String.raw`\b(${setNameSource})-[a-f]\b`, 'g');

/** The parts of a name that `slottedName` made; undefined for anything else. */
export function parseSlottedName(name: string): { name: string; slot: Slot } | undefined {
  const [, base, slot] = slotted.exec(name) ?? [];
  return base === undefined ? undefined : { name: base, slot: slot as Slot };
}

/** A rule as it stands in a `Chain`: the sets that it names are in whatever slot. */
export function withoutSlots(rule: string): string {
  return rule.replaceAll(slottedInRule, '$1');
}

export function isOwnChain(name: string): boolean {
  return name.startsWith('PC-');
}

export function isOwnSet(name: string): boolean {
  return name.startsWith('pc-');
}

/** 64 bits: with a million names the chance of one collision is 3 in 100 million. */
function shortHash(text: string): string {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  if (hashes.size >= maxHashes) hashes.clear();
  hashes.set(text, hash);
  return hash;
}

/** The same names are made again and again. Most that are remembered; to forget them costs a little time only. */
const maxHashes = 50_000;
const hashes = new Map<string, string>();
