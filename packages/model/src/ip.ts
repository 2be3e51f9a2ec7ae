import { isIPv4, isIPv6 } from 'node:net';
import type { Family } from './security-group.js';

/** An address as a number: 32 bits for IPv4, 128 bits for IPv6. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A network whose host bits are zero. */
export interface Cidr {
  readonly family: Family;
  readonly value: bigint;
  /** 0–32 for IPv4, 0–128 for IPv6. */
  readonly prefixLength: number;
}

export function addressBits(family: Family): number {
  return family === 4 ? 32 : 128;
}

/**
 * Reads an address in any standard text form (RFC 791 dotted quad; RFC 4291 §2.2), or returns undefined.
 * Zones (`%eth0`), octets with leading zeros and surrounding blanks are refused.
 */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: quadValue(text) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  return { family: 6, value: hextetsValue(text) };
}

/** Canonical text: dotted quad, or RFC 5952. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join('.');
  const hextets = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  const gap = longestZeroRun(hextets);
  const hex = (part: readonly number[]) => part.map((hextet) => hextet.toString(16)).join(':');
  if (gap === undefined) return hex(hextets);
  return `${hex(hextets.slice(0, gap.start))}::${hex(hextets.slice(gap.start + gap.length))}`;
}

/** Reads `address/length`, or a bare address as its /32 or /128; host bits are masked. Undefined when malformed. */
export function parseCidr(text: string): Cidr | undefined {
  const [addressText = '', lengthText, ...rest] = text.split('/');
  const address = parseAddress(addressText);
  if (address === undefined || rest.length > 0) return undefined;
  const bits = addressBits(address.family);
  if (lengthText === undefined) return { ...address, prefixLength: bits };
  if (!/^(0|[1-9][0-9]{0,2})$/.test(lengthText) || Number(lengthText) > bits) return undefined;
  const prefixLength = Number(lengthText);
  const hostBits = BigInt(bits - prefixLength);
  return { family: address.family, value: (address.value >> hostBits) << hostBits, prefixLength };
}

/** Canonical text, always with the prefix length. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr)}/${cidr.prefixLength}`;
}

export function cidrContains(cidr: Cidr, address: Address): boolean {
  if (cidr.family !== address.family) return false;
  const hostBits = BigInt(addressBits(cidr.family) - cidr.prefixLength);
  return cidr.value >> hostBits === address.value >> hostBits;
}

/** The link-local address a NIC forms from its MAC (RFC 4291, appendix A: modified EUI-64). */
export function linkLocalAddress(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac.split(':').map((octet) => Number.parseInt(octet, 16));
  const interfaceId = [a ^ 0x02, b, c, 0xff, 0xfe, d, e, f].reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
  return formatAddress({ family: 6, value: (0xfe80n << 112n) | interfaceId });
}

function quadValue(text: string): bigint {
  return text.split('.').reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function hextetsValue(text: string): bigint {
  const quad = /[^:]*\.[^:]*$/.exec(text)?.[0];
  const plain = quad === undefined ? text : text.replace(quad, quadHextets(quad));
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].reduce((value, hextet) => (value << 16n) | BigInt(`0x${hextet}`), 0n);
}

function quadHextets(quad: string): string {
  const value = quadValue(quad);
  return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

/** RFC 5952 §4.2: the longest run of two or more zero hextets, the first of equals. */
function longestZeroRun(hextets: readonly number[]): { start: number; length: number } | undefined {
  let best: { start: number; length: number } | undefined;
  let start = 0;
  for (let i = 0; i <= hextets.length; i += 1) {
    if (hextets[i] === 0) continue;
    const length = i - start;
    if (length >= 2 && length > (best?.length ?? 0)) best = { start, length };
    start = i + 1;
  }
  return best;
}
