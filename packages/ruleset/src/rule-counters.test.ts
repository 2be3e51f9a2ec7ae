import { describe, expect, it } from 'vitest';
import { renderGroupChain } from './group-chain.js';
import { parseRuleCounters } from './rule-counters.js';

describe('counters of rules', () => {
  it('are read as iptables lists them, with sets in whatever slot', () => {
    const text = [
      '-N PC-GI-1',
      '-A PC-GI-1 -m comment --comment "projects/p/securityGroups/g" -c 9 900',
      '-A PC-GI-1 -p tcp -m tcp --dport 22 -m set --match-set pc-4-0123456789abcdef-c src -c 3 180 -g PC-ALLOW',
      '-A PC-GI-1 -c 18446744 1 -g PC-ALLOW',
      '-A OTHER -p tcp -c 1 60 -j ACCEPT',
      '# a word of the tool',
    ];
    expect(parseRuleCounters(text.join('\n'))).toEqual([
      {
        chain: 'PC-GI-1',
        rule: '-p tcp -m tcp --dport 22 -m set --match-set pc-4-0123456789abcdef src -g PC-ALLOW',
        packets: 3,
        bytes: 180,
      },
      { chain: 'PC-GI-1', rule: '-g PC-ALLOW', packets: 18_446_744, bytes: 1 },
    ]);
  });

  it('belong to every rule of the group that the kernel rule stands for', () => {
    const base = { direction: 'ingress', protocol: 'tcp', active: true } as const;
    const [web, all] = [
      { start: 443, end: 443 },
      { start: 1, end: 65_535 },
    ];
    const rules = [
      { ...base, id: 'a', ports: web },
      { ...base, id: 'b', ports: web, cidr: '0.0.0.0/0' },
      { ...base, id: 'c', ports: web, cidr: '::/0' },
      { ...base, id: 'd', ports: all },
    ];
    const use = { direction: 'ingress', routingDomain: 'default' } as const;
    const {
      chains: [chain],
      ruleIds,
    } = renderGroupChain({ id: 'g', rules }, { ...use, family: 4 });
    expect(chain?.rules.slice(0, -1).map((rule) => ruleIds.get(rule))).toEqual([['d'], ['a', 'b']]);
    const ids6 = renderGroupChain({ id: 'g', rules }, { ...use, family: 6 }).ruleIds;
    expect([...ids6.values()].toSorted()).toEqual([['a', 'c'], ['d']]);
  });
});
