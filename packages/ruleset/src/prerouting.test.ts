import type { HostNic } from '@portcullis/compile';
import { expect, it } from 'vitest';
import type { Chain } from './chain.js';
import { renderPrerouting } from './prerouting.js';
import { zoneDomains } from './zones.js';

const source: Chain[] = [
  { table: 'raw', name: 'PC-SOURCE', rules: ['-g PC-SOURCE-1'] },
  { table: 'raw', name: 'PC-SOURCE-1', rules: [] },
];

const rest = { addresses: [], antiSpoofing: true, guarded: true, groups: [], egressOpen: false, dhcpServers: [] };

function nicsOn(bridges: readonly string[]): HostNic[] {
  return bridges.map((bridge, n) => {
    const own = { id: `n${n}`, interfaceName: `vnic${n}.0`, mac: '02:00:00:00:00:01' };
    return { ...own, ...rest, bridge, routingDomain: `projects/p/networks/${bridge}` };
  });
}

/** The rules that a packet of a bridge is compared with, until one matches that leads nowhere else. */
function walk(nics: readonly HostNic[], bridge: string): { compared: number; rule: string | undefined } {
  const chains = new Map(renderPrerouting(nics, source).map(({ name, rules }) => [name, rules]));
  const fits = (pattern: string) =>
    pattern.endsWith('+') ? bridge.startsWith(pattern.slice(0, -1)) : bridge === pattern;
  let [at, compared] = ['PC-PREROUTING', 0];
  for (;;) {
    const rules = (chains.get(at) ?? []).filter((rule) => rule.startsWith('-i '));
    const index = rules.findIndex((rule) => fits(rule.split(' ')[1] ?? ''));
    compared += index < 0 ? rules.length : index + 1;
    const rule = rules[index];
    if (rule === undefined || !rule.includes(' -g ')) return { compared, rule };
    at = rule.slice(rule.indexOf(' -g ') + 4);
  }
}

it.each([1, 2, 16, 17, 300])(
  'of %i bridges each leads to the zone of its routing domain, and no other one anywhere',
  (count) => {
    const bridges = Array.from({ length: count }, (_, n) => `br${n}`);
    const nics = nicsOn(bridges);
    const zones = new Map([...zoneDomains(nics)].map(([zone, domain]) => [domain, zone]));
    for (const bridge of bridges) {
      const zone = zones.get(`projects/p/networks/${bridge}`);
      expect(walk(nics, bridge).rule).toBe(`-i ${bridge} -j CT --zone ${zone}`);
    }
    for (const other of ['br', 'br300', 'virbr0']) expect(walk(nics, other).rule).toBeUndefined();
  },
);

it('a packet is compared with few of many bridges', () => {
  const bridges = Array.from({ length: 300 }, (_, n) => `br${n}`);
  const nics = nicsOn(bridges);
  expect(Math.max(...bridges.map((bridge) => walk(nics, bridge).compared))).toBeLessThanOrEqual(28);
  expect(walk(nics, 'eth0').compared).toBe(1);
});

it('the source of a packet is judged first, and without zones at once', () => {
  for (const nics of [nicsOn(['br0']), nicsOn(['br0', 'br1'])]) {
    const made = renderPrerouting(nics, source);
    expect(made.find(({ name }) => name === 'PC-PREROUTING')?.rules[0]).toBe('-j PC-SOURCE');
    expect(made).toEqual(expect.arrayContaining(source));
  }
  expect(renderPrerouting([], source)).toEqual([{ ...source[0], name: 'PC-PREROUTING' }, source[1]]);
});
