import { cidrContains, formatCidr, parseCidr } from '@portcullis/model';
import { quote, type Violations } from '@portcullis/store/resource';

const ipv4Mapped = parseCidr('::ffff:0:0/96');

/** A CIDR or a bare address in canonical form, host bits masked; empty after a violation. */
export function readCidr(violations: Violations, field: string, text: string): string {
  const cidr = parseCidr(text);
  if (cidr === undefined) {
    const allowed = 'an address, or an address and a length: 0-32 for IPv4, 0-128 for IPv6';
    violations.add(field, 'CIDR_MALFORMED', `${quote(text)} is not ${allowed}`);
    return '';
  }
  if (ipv4Mapped && cidr.prefixLength >= ipv4Mapped.prefixLength && cidrContains(ipv4Mapped, cidr)) {
    violations.add(field, 'ADDRESS_IPV4_MAPPED', `${quote(text)} is to be written as IPv4`);
    return '';
  }
  return formatCidr(cidr);
}
