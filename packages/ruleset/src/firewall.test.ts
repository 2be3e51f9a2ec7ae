import { type HostNic, type HostState, memberSetKey } from '@portcullis/compile';
import type { Rule } from '@portcullis/model';
import { describe, expect, it } from 'vitest';
import { type FamilyFirewall, FirewallRenderer } from './firewall.js';
import { flowElements } from './flow-element.js';
import type { RevokedFlows } from './revoked-chains.js';

/** The chains on the longest way from a built-in one on. */
function deepest({ hooks, chains }: FamilyFirewall): number {
  const known = new Map<string, number>();
  const depthOf = (rules: readonly string[]): number => {
    const depths = rules.map((rule) => {
      const [, target = ''] = /-[jg] (PC-\S+)$/.exec(rule) ?? [];
      const below = chains.get(target);
      if (below === undefined) return 0;
      const depth = known.get(target) ?? depthOf(below.rules);
      known.set(target, depth);
      return depth;
    });
    return 1 + Math.max(0, ...depths);
  };
  return depthOf(hooks.map(({ rule }) => rule));
}

const group = 'projects/p/securityGroups/g';

function stateOf(nics: readonly Pick<HostNic, 'interfaceName' | 'addresses'>[], ports: readonly number[]): HostState {
  const all = nics.map((nic, i): HostNic => {
    const rest = { routingDomain: 'default', antiSpoofing: true, guarded: true, groups: [group] };
    return { ...nic, id: `n${i}`, mac: '02:00:00:00:00:01', ...rest, egressOpen: false, dhcpServers: [] };
  });
  const rules = ports.map((port): Rule => {
    const ranges = { protocol: 'tcp' as const, ports: { start: port, end: port } };
    return { id: `r${port}`, direction: 'ingress', active: true, ...ranges };
  });
  return {
    nics: new Map(all.map((nic) => [nic.id, nic])),
    groups: new Map([[group, { id: group, rules }]]),
    memberSets: new Map(),
    addressGroups: new Map(),
  };
}

/** Each begins like the next ones in one bit more, or in one letter. */
const steps4 = Array.from({ length: 200 }, (_, i) => [128 >> (i >> 5), i & 31, 1 << (i & 7), i].join('.'));
const steps6 = Array.from({ length: 200 }, (_, i) => `${(0x8000 >> (i & 15)).toString(16)}:${1 << (i >> 4)}::${i}`);
const names = Array.from(
  { length: 200 },
  (_, i) => `v${'1'.repeat(i % 14)}${String.fromCharCode(97 + Math.floor(i / 14))}`,
);

describe('the rendered chains', () => {
  it('are nested no deeper than nf_tables takes, whatever addresses, names and ports there are', () => {
    const nics = names.map((interfaceName, i) => ({ interfaceName, addresses: [steps4[i] ?? '', steps6[i] ?? ''] }));
    const ports = Array.from({ length: 120 }, (_, i) => (1 << (i % 16)) + Math.floor(i / 16)).filter(
      (port) => port <= 65_535,
    );
    const firewall = new FirewallRenderer().render(stateOf(nics, [...new Set(ports)]));
    expect(deepest(firewall[4])).toBeLessThanOrEqual(16);
    expect(deepest(firewall[6])).toBeLessThanOrEqual(16);
    expect(deepest(firewall[4])).toBeGreaterThan(14);
  });

  it('are not come to by what is inside an allowed connection, but while flows are stopped', () => {
    const nics = [{ interfaceName: 'v0', addresses: ['10.0.0.1'] }];
    const state = stateOf(nics, [80]);
    const flow = { source: '10.9.0.1', destination: '10.0.0.1', protocol: 6, port: 80 };
    const flows = new Map([[flowElements(flow)[0] ?? '', flow]]);
    const stopping = new FirewallRenderer().render(state, new Set(), [{ nic: 'n0', direction: 'ingress', flows }]);
    const calm = new FirewallRenderer().render(state);
    const jumps = (firewall: FamilyFirewall) =>
      firewall.hooks.filter(({ table }) => table === 'filter').map(({ rule }) => rule);
    const unless = '-m conntrack ! --ctstate RELATED,ESTABLISHED';
    expect(jumps(calm[4])).toEqual([`${unless} -j PC-INPUT`, `${unless} -j PC-FORWARD`]);
    expect(jumps(stopping[4])).toEqual(['-j PC-INPUT', '-j PC-FORWARD']);
    expect(jumps(stopping[6])).toEqual(jumps(calm[6]));
    const isEstablished = '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN';
    expect(stopping[4].chains.get('PC-FORWARD')?.rules.indexOf(isEstablished)).toBe(1);
    expect(calm[4].chains.get('PC-FORWARD')?.rules).not.toContain(isEstablished);
  });

  it('are the same ones while nothing of the family changes but members, and what a new renderer makes whatever changes', () => {
    const nics = names.slice(0, 20).map((interfaceName, i) => ({ interfaceName, addresses: [`10.0.0.${i}`] }));
    const { groups, ...rest } = stateOf(nics, [80]);
    const [key, remoteGroup] = [memberSetKey('friends', 'default'), 'friends'];
    const named: Rule = { id: 'named', direction: 'ingress', protocol: 'all', remoteGroup, active: true };
    const withMember = (address: string) =>
      new Map([[key, { group: remoteGroup, routingDomain: 'default', addresses: new Set([address]) }]]);
    const first = {
      ...rest,
      groups: new Map([[group, { id: group, rules: [named] }]]),
      memberSets: withMember('10.9.0.1'),
    };
    const second = { ...first, memberSets: withMember('10.9.0.2') };
    const flow = { source: '10.9.0.1', destination: '10.0.0.1', protocol: 6, port: 80 };
    const revoked: RevokedFlows = [
      { nic: 'n1', direction: 'ingress', flows: new Map([[flowElements(flow)[0] ?? '', flow]]) },
    ];
    const withRule = (cidr: string): HostState => {
      const rule: Rule = { id: 'more', direction: 'ingress', protocol: 'all', cidr, active: true };
      return { ...second, groups: new Map([[group, { id: group, rules: [named, rule] }]]) };
    };
    const renderer = new FirewallRenderer();
    const steps: Parameters<FirewallRenderer['render']>[] = [
      [first],
      [second],
      [{ ...second, groups }],
      [second, new Set(['n2'])],
      [second],
      [withRule('2001:db8::/32')],
      [second, new Set(), revoked],
      [{ ...second, nics: new Map([...second.nics].slice(1)) }],
      [first],
    ];
    const made = steps.map((step) => renderer.render(...step));
    expect(made).toEqual(steps.map((step) => new FirewallRenderer().render(...step)));
    for (const family of [4, 6] as const) expect(made[1]?.[family].chains).toBe(made[0]?.[family].chains);
    expect(made[5]?.[4].chains).toBe(made[4]?.[4].chains);
    const differentIn = (family: 4 | 6) => new Set(made.map((each) => each[family].chains)).size;
    expect([differentIn(4), differentIn(6)]).toEqual([made.length - 2, made.length - 1]);
    expect(made[1]?.[4].sets).not.toEqual(made[0]?.[4].sets);
  });
});
