import { addressBits, formatCidr, parseAddress, parseCidr } from '@portcullis/model';

/** Addresses from the first to the last, of one family. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** Reads an address, a CIDR, or two addresses joined by `-`. */
export function parseRange(text: string): AddressRange | undefined {
  const [from = '', to, ...rest] = text.split('-');
  if (to === undefined) {
    const cidr = parseCidr(from);
    if (cidr === undefined) return undefined;
    const size = 1n << BigInt(addressBits(cidr.family) - cidr.prefixLength);
    const first = (cidr.value / size) * size;
    return { family: cidr.family, first, last: first + size - 1n };
  }
  const [first, last] = [parseAddress(from), parseAddress(to)];
  if (!first || !last || rest.length > 0 || first.family !== last.family || first.value > last.value) return undefined;
  return { family: first.family, first: first.value, last: last.value };
}

/** The fewest CIDRs that hold the same addresses. */
export function cidrsOf({ family, first, last }: AddressRange): string[] {
  const cidrs: string[] = [];
  for (let value = first; value <= last; ) {
    let bits = 0;
    while (
      bits < addressBits(family) &&
      value % (2n << BigInt(bits)) === 0n &&
      value + (2n << BigInt(bits)) - 1n <= last
    ) {
      bits += 1;
    }
    cidrs.push(formatCidr({ family, value, prefixLength: addressBits(family) - bits }));
    value += 1n << BigInt(bits);
  }
  return cidrs;
}
