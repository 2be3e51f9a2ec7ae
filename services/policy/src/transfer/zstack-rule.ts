import { quote } from '@portcullis/store/resource';
import { z } from 'zod';
import { type AddressRange, parseRange } from './address-range.js';
import { optionalText, portNumber } from './document.js';

/** What is wrong with the first part that is wrong; others are not told, however many there are. */
function listText<Part>(read: (text: string) => Part | undefined, what: string) {
  return optionalText.transform((text, context): Part[] => {
    const parts: Part[] = [];
    for (const each of text === '' ? [] : text.split(',')) {
      const part = read(each);
      if (part === undefined) {
        context.addIssue({ code: 'custom', message: `${quote(each)} is not ${what}` });
        return [];
      }
      parts.push(part);
    }
    return parts;
  });
}

/** `10.0.0.1,10.1.0.0/16,10.2.0.1-10.2.0.9` */
const rangesText = listText((text) => parseRange(text.trim()), 'an address, a CIDR or a range');

/** `22,8000-8080` */
const portsText = listText((text) => {
  const [, from, to = from] = /^\s*([0-9]{1,5})\s*(?:-\s*([0-9]{1,5})\s*)?$/.exec(text) ?? [];
  return from !== undefined && Number(from) <= Number(to) ? { from: Number(from), to: Number(to) } : undefined;
}, 'a port or a range');

/** A rule of a security group of ZStack: `SecurityGroupRuleInventory`. */
export const zstackRuleSchema = z.looseObject({
  type: z.enum(['Ingress', 'Egress']),
  ipVersion: z
    .union([z.literal(4), z.literal(6)])
    .nullish()
    .transform((version) => version ?? 4),
  protocol: z.enum(['ALL', 'TCP', 'UDP', 'ICMP']),
  state: z.enum(['Enabled', 'Disabled']).nullish(),
  startPort: portNumber.nullish(),
  endPort: portNumber.nullish(),
  allowedCidr: rangesText,
  srcIpRange: rangesText,
  dstIpRange: rangesText,
  srcPortRange: optionalText,
  dstPortRange: portsText,
  remoteSecurityGroupUuid: optionalText,
  action: z.enum(['ACCEPT', 'DROP']).nullish(),
  priority: z.number().int().nullish(),
  description: optionalText,
});
export type ZstackRule = z.output<typeof zstackRuleSchema>;

/** The addresses of the peer; none: any. */
export function peerRanges({ type, srcIpRange, dstIpRange, allowedCidr }: ZstackRule): readonly AddressRange[] {
  const ranges = type === 'Ingress' ? srcIpRange : dstIpRange;
  return ranges.length > 0 ? ranges : allowedCidr;
}

/** Into how many parts its addresses and ports fall. */
export function partCount({ srcIpRange, dstIpRange, allowedCidr, dstPortRange }: ZstackRule): number {
  return 1 + srcIpRange.length + dstIpRange.length + allowedCidr.length + dstPortRange.length;
}

/** Of TCP and UDP. */
export function portsOf({ dstPortRange, startPort, endPort }: ZstackRule): { from: number; to: number }[] {
  if (dstPortRange.length > 0) return dstPortRange;
  const hasPorts = typeof startPort === 'number' && startPort >= 0 && typeof endPort === 'number' && endPort >= 0;
  return hasPorts ? [{ from: startPort, to: endPort }] : [{ from: 1, to: 65_535 }];
}
