import type { AddressRange } from './address-range.js';
import { peerRanges, portsOf, type ZstackRule } from './zstack-rule.js';

/**
 * Whether a group would allow more without a rule that drops: some rule after it allows some of what it drops, or, for egress,
 * everything may go out. The first rule that matches decides; lower numbers come first. Members of groups are not known: a
 * group may have any address.
 */
export function isDropEffective(
  drop: ZstackRule,
  accepts: readonly ZstackRule[],
  { isEgressClosed }: { readonly isEgressClosed: boolean },
): boolean {
  if (drop.type === 'Egress' && !isEgressClosed) return true;
  return accepts.some((accept) => isAfter(accept, drop) && overlap(accept, drop));
}

function isAfter(accept: ZstackRule, drop: ZstackRule): boolean {
  return (accept.priority ?? 0) >= (drop.priority ?? 0);
}

function overlap(a: ZstackRule, b: ZstackRule): boolean {
  return (
    a.type === b.type &&
    a.ipVersion === b.ipVersion &&
    a.state !== 'Disabled' &&
    (a.protocol === 'ALL' || b.protocol === 'ALL' || (a.protocol === b.protocol && portsOverlap(a, b))) &&
    peersOverlap(peerRanges(a), peerRanges(b))
  );
}

function portsOverlap(a: ZstackRule, b: ZstackRule): boolean {
  if (a.protocol === 'ICMP') return true;
  return portsOf(a).some((x) => portsOf(b).some((y) => x.from <= y.to && y.from <= x.to));
}

function peersOverlap(a: readonly AddressRange[], b: readonly AddressRange[]): boolean {
  if (a.length === 0 || b.length === 0) return true;
  return a.some((x) => b.some((y) => x.family === y.family && x.first <= y.last && y.first <= x.last));
}
