import { type HostGroup, memberSetKey } from '@portcullis/compile';
import type { Direction, Family, Rule } from '@portcullis/model';
import type { Chain } from './chain.js';
import { kernelCidr, requiredCidr } from './kernel-address.js';
import { chains, groupChain, setName } from './names.js';
import { comment } from './nic-chains.js';

/** The rules of one group for one direction: whatever matches goes on to PC-ALLOW, which returns to the NIC's chain. */
export function renderGroupChain(
  group: HostGroup,
  { direction, routingDomain, family }: { direction: Direction; routingDomain: string; family: Family },
): Chain {
  const texts = group.rules
    .filter((rule) => rule.active && rule.direction === direction)
    .flatMap((rule) => renderRule(rule, routingDomain, family) ?? []);
  return {
    table: 'filter',
    name: groupChain(direction, group.id, routingDomain),
    // Order never changes a verdict; sorted, the same rules give the same chain.
    rules: [comment(group.id), ...new Set(texts.toSorted())],
  };
}

/** One rule as iptables-save prints it; undefined where the rule does not cover the family. */
function renderRule(rule: Rule, routingDomain: string, family: Family): string | undefined {
  const parts: string[] = [];
  const [address, side] = rule.direction === 'ingress' ? ['-s', 'src'] : ['-d', 'dst'];
  if (rule.cidr !== undefined) {
    const cidr = requiredCidr(rule.cidr);
    if (cidr.family !== family) return undefined;
    const text = kernelCidr(cidr);
    if (text !== undefined) parts.push(`${address} ${text}`);
  }
  parts.push(...protocolParts(rule, family));
  if (rule.remoteGroup !== undefined) {
    parts.push(`-m set --match-set ${setName(memberSetKey(rule.remoteGroup, routingDomain), family)} ${side}`);
  }
  return [...parts, `-g ${chains.allow}`].join(' ');
}

function protocolParts({ protocol, ports, icmp }: Rule, family: Family): string[] {
  switch (protocol) {
    case 'all':
      return [];
    case 'tcp':
    case 'udp': {
      if (ports === undefined) return [`-p ${protocol}`];
      const { start, end } = ports;
      return [`-p ${protocol} -m ${protocol} --dport ${start === end ? start : `${start}:${end}`}`];
    }
    case 'icmp': {
      const [name, match, option] =
        family === 4 ? ['icmp', 'icmp', '--icmp-type'] : ['ipv6-icmp', 'icmp6', '--icmpv6-type'];
      if (icmp === undefined) return [`-p ${name}`];
      const code = icmp.code === undefined ? '' : `/${icmp.code}`;
      return [`-p ${name} -m ${match} ${option} ${icmp.type}${code}`];
    }
  }
}
