import type { Rule } from '@portcullis/model';
import { describe, expect, it } from 'vitest';
import { renderGroupChain } from './group-chain.js';

const base = { direction: 'ingress', protocol: 'tcp', active: true } as const;
const ssh = { start: 22, end: 22 };
const cidrRules = (count: number, more: Partial<Rule> = {}): Rule[] =>
  Array.from({ length: count }, (_, i) => ({ ...base, ports: ssh, id: `r${i}`, cidr: `10.0.${i}.0/24`, ...more }));

const render = (rules: readonly Rule[], family: 4 | 6 = 4) =>
  renderGroupChain({ id: 'projects/p/securityGroups/g', rules }, { direction: 'ingress', routingDomain: 'd', family });
const textsOf = (rules: readonly Rule[]) =>
  render(rules).chains.flatMap((chain) => chain.rules.filter((rule) => rule.includes('PC-ALLOW')));

describe('rules that differ by their CIDR only', () => {
  it('are a kernel rule each while they are few', () => {
    expect(textsOf(cidrRules(15))).toHaveLength(15);
    expect(render(cidrRules(15)).cidrSets).toEqual([]);
  });

  it('are one rule and a set from sixteen on, and the rule stays the same when more come', () => {
    const [{ set = '', ruleIds } = {}] = render(cidrRules(16)).cidrSets;
    expect(textsOf(cidrRules(16))).toEqual([`-p tcp -m tcp --dport 22 -m set --match-set ${set} src -g PC-ALLOW`]);
    expect(textsOf(cidrRules(200))).toEqual(textsOf(cidrRules(16)));
    expect([...(ruleIds ?? [])].slice(0, 2)).toEqual([
      ['10.0.0.0/24', ['r0']],
      ['10.0.1.0/24', ['r1']],
    ]);
  });

  it('are as many as their CIDRs: equal ones share a member, and are both told its hits', () => {
    const twice = [...cidrRules(15), { ...base, ports: ssh, id: 'again', cidr: '10.0.3.0/24' }];
    expect(render(twice).cidrSets).toEqual([]);
    const [{ ruleIds } = {}] = render([...twice, ...cidrRules(16).slice(15)]).cidrSets;
    expect(ruleIds?.get('10.0.3.0/24')).toEqual(['r3', 'again']);
  });

  it('leave alone what differs otherwise: everything of the family, other ports, a group, an address group, the other family', () => {
    const others: Rule[] = [
      { ...base, ports: ssh, id: 'all', cidr: '0.0.0.0/0' },
      { ...base, ports: { start: 80, end: 80 }, id: 'web', cidr: '10.0.0.0/24' },
      { ...base, ports: ssh, id: 'group', cidr: '10.0.0.0/24', remoteGroup: 'projects/p/securityGroups/r' },
      { ...base, ports: ssh, id: 'named', addressGroup: 'projects/p/addressGroups/a' },
      { ...base, ports: ssh, id: 'six', cidr: '2001:db8::/32' },
    ];
    const { cidrSets, ruleIds } = render([...cidrRules(16), ...others]);
    expect(cidrSets.map((each) => each.ruleIds.size)).toEqual([16]);
    expect([...ruleIds.values()].flat().toSorted()).toEqual(['all', 'group', 'named', 'web']);
    expect(render([...cidrRules(16), ...others], 6).cidrSets).toEqual([]);
  });

  it('are a set of their own for each remote group that narrows them, and the CIDR is looked for last', () => {
    const remoteGroup = 'projects/p/securityGroups/r';
    const narrowed = cidrRules(16, { remoteGroup });
    const { cidrSets } = render([...cidrRules(16), ...narrowed]);
    expect(new Set(cidrSets.map(({ set }) => set)).size).toBe(2);
    const names =
      /^-p tcp -m tcp --dport 22 -m set --match-set pc-4-\S+ src -m set --match-set pc-4c-\S+ src -g PC-ALLOW$/;
    expect(textsOf(narrowed)).toEqual([expect.stringMatching(names)]);
  });
});
