import type { HostNic, HostState } from '@portcullis/compile';
import type { FamilyFirewall } from '@portcullis/ruleset';
import { chains, groupChain, nicChain, slottedName, wholeOfGroupChain } from '@portcullis/ruleset';

/**
 * The same verdicts as an agent renders them that knows no group chains: every NIC has all rules of its groups in a chain
 * of its own, and a packet finds the chains in a list of all interface names. For IPv4, as input of iptables-restore.
 */
export function renderNaive({ nics }: Pick<HostState, 'nics'>, firewall: FamilyFirewall): string {
  const all = [...nics.values()].map((nic) => naiveNic(nic, firewall));
  const lines = [
    '*filter',
    ':NAIVE - [0:0]',
    ...all.flatMap(({ names }) => names.map((name) => `:${name} - [0:0]`)),
    '-A FORWARD -m physdev --physdev-is-bridged -j NAIVE',
    ...all.flatMap(({ dispatch }) => dispatch),
    ...all.flatMap(({ rules }) => rules),
    'COMMIT',
  ];
  return `${lines.join('\n')}\n`;
}

function naiveNic(nic: HostNic, firewall: FamilyFirewall) {
  const { interfaceName } = nic;
  const [i, o, s] = ['I', 'O', 'S'].map((use) => `${use}-${interfaceName}`);
  const rulesOf = (direction: 'ingress' | 'egress') =>
    nic.groups.flatMap((group) => {
      const whole = groupChain(direction, group, nic.routingDomain);
      const parts = [...firewall.chains.values()].filter(({ name }) => wholeOfGroupChain(name) === whole);
      const allowing = parts.flatMap(({ rules }) => rules.filter((rule) => rule.endsWith(` -g ${chains.allow}`)));
      return allowing.flatMap((rule) => withoutCidrSet(rule, firewall)).map(own);
    });
  const spoofing = firewall.chains.get(nicChain('spoofing', nic.id))?.rules ?? [];
  const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN';
  return {
    names: [i, o, s],
    dispatch: [
      `-A NAIVE -m physdev --physdev-out ${interfaceName} --physdev-is-bridged -j ${i}`,
      `-A NAIVE -m physdev --physdev-in ${interfaceName} --physdev-is-bridged -j ${o}`,
    ],
    rules: [
      `-A ${o} -j ${s}`,
      ...spoofing.map((rule) => `-A ${s} ${rule}`),
      ...[established, ...rulesOf('egress'), '-j DROP'].map((rule) => `-A ${o} ${rule}`),
      ...[established, ...rulesOf('ingress'), '-j DROP'].map((rule) => `-A ${i} ${rule}`),
    ],
  };
}

/** A rule for each member of a set of CIDRs. */
function withoutCidrSet(rule: string, { sets }: FamilyFirewall): string[] {
  const [match = '', name = '', side] = /-m set --match-set (pc-4c-[0-9a-f]{16}) (src|dst) /.exec(rule) ?? [];
  const members = sets.get(name);
  if (members === undefined) return [rule];
  return [...members].map((cidr) => `${side === 'src' ? '-s' : '-d'} ${cidr} ${rule.replace(match, '')}`);
}

/** A rule of a group's chain in a chain of its own: what matches returns to the list, which may hold the other end. */
function own(rule: string): string {
  return rule
    .replace(`-g ${chains.allow}`, '-j RETURN')
    .replaceAll(/\bpc-4-[0-9a-f]{16}/g, (name) => slottedName(name, 'a'));
}
