import { type HostGroup, memberSetKey } from '@portcullis/compile';
import type { Direction, Family, Rule } from '@portcullis/model';
import type { Chain } from './chain.js';
import { type CidrSet, gatherCidrSets } from './cidr-sets.js';
import { kernelCidr, requiredCidr } from './kernel-address.js';
import { addressGroupSetName, chains, groupChain, partOfGroupChain, setName } from './names.js';
import { comment } from './nic-chains.js';
import { type PortRule, renderPortTree } from './port-tree.js';

/** The rules of a group that each kernel rule of a chain, or member of a set, stands for, by its text; equal ones share one. */
export type RuleIds = ReadonlyMap<string, readonly string[]>;

export interface GroupChain {
  /** The group's own, which chains of NICs jump to, and those it leads to. */
  readonly chains: readonly Chain[];
  /** For all of these chains. */
  readonly ruleIds: RuleIds;
  /** The member sets that its rules name. */
  readonly memberSets: readonly { readonly set: string; readonly key: string }[];
  /** The sets of address groups that its rules name. */
  readonly addressGroupSets: readonly { readonly set: string; readonly addressGroup: string }[];
  /** The sets of CIDRs in place of many rules. */
  readonly cidrSets: readonly CidrSet[];
}

/**
 * The rules of one group for one direction: whatever matches goes on to PC-ALLOW, which returns to the NIC's chain. Of many
 * rules about ports a packet is compared with those near its own; many that differ by their CIDR only are one and a set.
 */
export function renderGroupChain(
  group: HostGroup,
  { direction, routingDomain, family }: { direction: Direction; routingDomain: string; family: Family },
): GroupChain {
  const rules = group.rules.filter((rule) => rule.active && rule.direction === direction && covers(rule, family));
  const addressGroups = rules.flatMap(({ addressGroup }) => (addressGroup === undefined ? [] : [addressGroup]));
  const remoteGroups = rules.flatMap(({ remoteGroup }) => (remoteGroup === undefined ? [] : [remoteGroup]));
  const name = groupChain(direction, group.id, routingDomain);
  const ruleIds = new Map<string, string[]>();
  const others = new Set<string>();
  const portRules: PortRule[] = [];
  const add = ({ protocol, ports }: Rule, text: string) => {
    if ((protocol === 'tcp' || protocol === 'udp') && ports !== undefined) portRules.push({ protocol, ports, text });
    else others.add(text);
  };
  const textOf = (rule: Rule, cidrSet?: string) => renderRule(rule, { routingDomain, family, cidrSet });
  const gathered = gatherCidrSets(rules, { chain: name, family, textOf });
  for (const rule of gathered.others) {
    const text = textOf(rule);
    ruleIds.set(text, [...(ruleIds.get(text) ?? []), rule.id]);
    add(rule, text);
  }
  for (const { rule, set } of gathered.cidrSets) add(rule, textOf(rule, set));
  const tree = renderPortTree(portRules, (code) => partOfGroupChain(name, code));
  // Order never changes a verdict; sorted, the same rules give the same chain.
  const own = [...[...others].toSorted(), ...tree.entry, comment(group.id)];
  const keys = [...new Set(remoteGroups)].map((remote) => memberSetKey(remote, routingDomain));
  return {
    chains: [
      { table: 'filter', name, rules: own },
      ...tree.chains.map((part): Chain => {
        return { table: 'filter', name: partOfGroupChain(name, part.code), rules: part.rules };
      }),
    ],
    ruleIds,
    memberSets: keys.map((key) => ({ set: setName(key, family), key })),
    addressGroupSets: [...new Set(addressGroups)].map((addressGroup) => ({
      set: addressGroupSetName(addressGroup, family),
      addressGroup,
    })),
    cidrSets: gathered.cidrSets,
  };
}

/**
 * Whether the rule says anything about the family. ICMPv4 type 255 is reserved, and the kernel reads it as "any" (xt_icmp):
 * a rule that names it allows nothing, rather than everything.
 */
function covers({ cidr, icmp }: Rule, family: Family): boolean {
  if (family === 4 && icmp?.type === 255) return false;
  return cidr === undefined || requiredCidr(cidr).family === family;
}

/** One rule as iptables-save prints it. `cidrSet` takes the place of its CIDR, and is asked last: it counts what it is asked. */
function renderRule(
  rule: Rule,
  { routingDomain, family, cidrSet }: { routingDomain: string; family: Family; cidrSet: string | undefined },
): string {
  const parts: string[] = [];
  const [address, side] = rule.direction === 'ingress' ? ['-s', 'src'] : ['-d', 'dst'];
  const range = rule.cidr === undefined ? undefined : kernelCidr(requiredCidr(rule.cidr));
  if (range !== undefined) parts.push(`${address} ${range}`);
  parts.push(...protocolParts(rule, family));
  if (rule.addressGroup !== undefined) {
    parts.push(`-m set --match-set ${addressGroupSetName(rule.addressGroup, family)} ${side}`);
  }
  if (rule.remoteGroup !== undefined) {
    parts.push(`-m set --match-set ${setName(memberSetKey(rule.remoteGroup, routingDomain), family)} ${side}`);
  }
  if (cidrSet !== undefined) parts.push(`-m set --match-set ${cidrSet} ${side}`);
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
