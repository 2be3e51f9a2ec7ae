import {
  type Address,
  addressBits,
  type Cidr,
  cidrContains,
  formatAddress,
  formatCidr,
  parseCidr,
} from '@portcullis/model';
import type { Violations } from '@portcullis/store/resource';

/** IPv4 addresses in the clothes of IPv6 (RFC 4291 §2.5.5.2): no packet on a network has one. */
export const ipv4Mapped = range('::ffff:0:0/96');

/** Addresses that no NIC can have. */
const unusable: readonly { readonly range: Cidr; readonly what: string }[] = [
  { range: range('0.0.0.0/8'), what: 'unspecified' },
  { range: range('127.0.0.0/8'), what: 'a loopback address' },
  { range: range('224.0.0.0/4'), what: 'a multicast address' },
  { range: range('255.255.255.255'), what: 'the broadcast address' },
  { range: range('::'), what: 'unspecified' },
  { range: range('::1'), what: 'a loopback address' },
  { range: range('ff00::/8'), what: 'a multicast address' },
];

/** Whether an address can be that of one machine; adds a violation otherwise. */
export function checkUnicast(violations: Violations, field: string, address: Address): boolean {
  return checkUnicastRange(violations, field, { ...address, prefixLength: addressBits(address.family) });
}

/** Whether any of the addresses can be that of one machine; adds a violation otherwise. */
export function checkUnicastRange(violations: Violations, field: string, cidr: Cidr): boolean {
  const isInside = (outer: Cidr) => outer.prefixLength <= cidr.prefixLength && cidrContains(outer, cidr);
  const text = cidr.prefixLength === addressBits(cidr.family) ? formatAddress(cidr) : formatCidr(cidr);
  if (isInside(ipv4Mapped)) {
    violations.add(field, 'ADDRESS_IPV4_MAPPED', `${text} is to be written as IPv4`);
    return false;
  }
  const found = unusable.find(({ range: each }) => isInside(each));
  if (found) violations.add(field, 'ADDRESS_NOT_UNICAST', `${text} is ${found.what}`);
  return found === undefined;
}

function range(text: string): Cidr {
  const cidr = parseCidr(text);
  if (!cidr) throw new RangeError(`not a CIDR: ${text}`);
  return cidr;
}
