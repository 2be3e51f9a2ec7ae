import { addressBits, type Cidr, formatAddress, parseAddress, parseCidr } from '@portcullis/model';

/**
 * Text of an address as iptables-save and ipset print it (inet_ntop), so that what is read back compares equal. It
 * differs from RFC 5952 for IPv4-compatible and IPv4-mapped addresses only: `::ffff:1.2.3.4`.
 */
export function kernelAddress(text: string): string {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an address: ${JSON.stringify(text)}`);
  const plain = formatAddress(address);
  if (address.family === 4) return plain;
  const high = address.value >> 32n;
  const isCompatible = high === 0n && address.value >> 16n !== 0n;
  if (!isCompatible && high !== 0xffffn) return plain;
  return `${high === 0n ? '::' : '::ffff:'}${formatAddress({ family: 4, value: address.value & 0xffff_ffffn })}`;
}

/** The argument of `-s` or `-d`; undefined where everything of the family is meant, which iptables-save leaves out. */
export function kernelCidr(cidr: Cidr): string | undefined {
  if (cidr.prefixLength === 0) return undefined;
  return `${kernelAddress(formatAddress(cidr))}/${cidr.prefixLength}`;
}

/**
 * A CIDR as `ipset save` prints it in a set of networks: a single address without its length. Of everything of a family,
 * which such a set refuses (/0), the two halves.
 */
export function networkMembers(cidr: Cidr): string[] {
  const { family, value, prefixLength } = cidr;
  const bits = addressBits(family);
  if (prefixLength === bits) return [kernelAddress(formatAddress(cidr))];
  if (prefixLength > 0) return [`${kernelAddress(formatAddress(cidr))}/${prefixLength}`];
  const upper = { family, value: value + (1n << BigInt(bits - 1)) };
  return [cidr, upper].map((half) => `${formatAddress(half)}/1`);
}

export function requiredCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new RangeError(`not a CIDR: ${JSON.stringify(text)}`);
  return cidr;
}

/** A single address as the argument of `-s` or `-d`. */
export function hostCidr(text: string): string {
  const address = kernelAddress(text);
  return `${address}/${addressBits(address.includes(':') ? 6 : 4)}`;
}
