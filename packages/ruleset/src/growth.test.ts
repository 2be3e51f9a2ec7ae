import { type HostNic, type HostState, memberSetKey } from '@portcullis/compile';
import type { Rule } from '@portcullis/model';
import { expect, it } from 'vitest';
import { FirewallRenderer } from './firewall.js';

const groupCount = 10;
const groupId = (g: number) => `projects/p/securityGroups/g${g}`;

/** A host whose NICs are spread over ten groups of so many rules: half name a group, half a CIDR, each has a port of its own. */
function stateOf(nicCount: number, rulesPerGroup: number): HostState {
  const nics = Array.from({ length: nicCount }, (_, n): HostNic => {
    const bytes = [n >> 8, n & 255].map((byte) => byte.toString(16).padStart(2, '0'));
    return {
      id: `projects/p/nics/n${n}`,
      interfaceName: `vnic${n}.0`,
      bridge: 'br0',
      routingDomain: 'default',
      mac: `02:00:00:00:${bytes.join(':')}`,
      addresses: [`10.0.${n >> 8}.${n & 255}`, `2001:db8::${bytes.join('')}`],
      antiSpoofing: true,
      guarded: true,
      groups: [groupId(n % groupCount)],
      egressOpen: true,
      dhcpServers: [],
    };
  });
  const groups = Array.from({ length: groupCount }, (_, g) => {
    const rules = Array.from({ length: rulesPerGroup }, (__, i): Rule => {
      const ports = { start: 1000 + 7 * i, end: 1000 + 7 * i };
      const peer = i % 2 === 0 ? { remoteGroup: groupId(g) } : { cidr: `192.0.2.${i % 256}/32` };
      return { id: `g${g}-r${i}`, direction: 'ingress', active: true, protocol: 'tcp', ports, ...peer } as Rule;
    });
    return { id: groupId(g), rules };
  });
  const members = groups.map(({ id }) => ({ group: id, routingDomain: 'default', addresses: new Set(['10.0.0.1']) }));
  return {
    nics: new Map(nics.map((nic) => [nic.id, nic])),
    groups: new Map(groups.map((group) => [group.id, group])),
    memberSets: new Map(members.map((each) => [memberSetKey(each.group, 'default'), each])),
    addressGroups: new Map(),
  };
}

/** Kernel rules of both families. */
function sizeOf(nicCount: number, rulesPerGroup: number): number {
  const firewall = new FirewallRenderer().render(stateOf(nicCount, rulesPerGroup));
  return ([4, 6] as const).reduce((sum, family) => {
    const { hooks, chains } = firewall[family];
    return sum + hooks.length + [...chains.values()].reduce((rules, chain) => rules + chain.rules.length, 0);
  }, 0);
}

it('a rule of a group costs the same number of kernel rules however many NICs are in the group', () => {
  const costs = [10, 100, 1000].map((nicCount) => sizeOf(nicCount, 80) - sizeOf(nicCount, 40));
  expect(new Set(costs).size).toBe(1);
  // 40 more in each of ten groups: at most four lines each.
  expect(costs[0]).toBeGreaterThanOrEqual(400);
  expect(costs[0]).toBeLessThanOrEqual(1600);
});

it('a NIC costs the same number of kernel rules however many rules its group has, and however many others there are', () => {
  const costs = [1, 50].map((rulesPerGroup) => (sizeOf(1000, rulesPerGroup) - sizeOf(500, rulesPerGroup)) / 500);
  expect(costs[0]).toBe(costs[1]);
  const [few, many] = [(sizeOf(200, 10) - sizeOf(100, 10)) / 100, (sizeOf(2000, 10) - sizeOf(1000, 10)) / 1000];
  expect(many / few).toBeGreaterThan(0.95);
  expect(many / few).toBeLessThan(1.05);
});
