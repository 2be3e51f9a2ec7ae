import type { policyV1 } from '@portcullis/api';
import { checkCount, quote, type Violations } from '@portcullis/store/resource';
import { readCidr } from '../cidr-field.js';

/** CIDRs of one address group, whatever its project's quota says: they fit into one message, and into one set of a kernel. */
export const maxCidrs = 10_000;

type CidrList = Pick<policyV1.AddressGroup, 'cidrs' | 'maskedCidrs'>;

/** Reads CIDRs that are to be different from each other once they are masked. */
export function readCidrs(
  violations: Violations,
  field: string,
  {
    cidrs,
    min = 0,
    max = maxCidrs,
  }: { readonly cidrs: readonly string[]; readonly min?: number; readonly max?: number },
): CidrList {
  checkCount(violations, field, cidrs.length, { min, max });
  const seen = new Map<string, number>();
  const maskedCidrs = cidrs.slice(0, max).map((text, i) => {
    const masked = readCidr(violations, `${field}[${i}]`, text);
    const same = seen.get(masked);
    if (masked !== '' && same !== undefined) {
      violations.add(`${field}[${i}]`, 'CIDR_REPEATED', `${quote(text)} is ${masked}, as ${field}[${same}] is`);
    }
    seen.set(masked, same ?? i);
    return masked;
  });
  return { cidrs: [...cidrs], maskedCidrs };
}

/** Gives an address group other CIDRs, and another version if they are other ones. */
export function setCidrs(addressGroup: policyV1.AddressGroup, { cidrs, maskedCidrs }: CidrList): void {
  const isSame = cidrs.length === addressGroup.cidrs.length && cidrs.every((text, i) => text === addressGroup.cidrs[i]);
  if (isSame) return;
  Object.assign(addressGroup, { cidrs, maskedCidrs, version: addressGroup.version + 1n });
}
