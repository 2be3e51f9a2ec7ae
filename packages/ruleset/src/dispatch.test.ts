import { cidrContains, type Family, parseAddress, parseCidr } from '@portcullis/model';
import { describe, expect, it } from 'vitest';
import type { TableName } from './chain.js';
import { type DispatchTarget, renderDispatch } from './dispatch.js';
import { dispatchChain } from './names.js';

interface Walked {
  readonly chain: string | undefined;
  /** Interfaces that were compared on the way. */
  readonly interfaces: number;
  readonly addresses: number;
}

type Walk = (interfaceName: string, address?: string) => Walked;

/** Tells the chain a packet of an interface ends in, and the comparisons on the way. */
function walkThrough(targets: readonly DispatchTarget[], table: TableName = 'filter'): Walk {
  const chainsOf = (family: Family) =>
    new Map(
      renderDispatch('ROOT', 'from', { targets, family, table }).map(({ name, rules }) => [name, rules] as const),
    );
  const chains = { 4: chainsOf(4), 6: chainsOf(6) };
  return (interfaceName, address = '192.0.2.1') => {
    const packet = parseAddress(address);
    let [interfaces, addresses] = [0, 0];
    const matches = (rule: string): boolean => {
      const [, range] = /^-s (\S+) /.exec(rule) ?? [];
      if (range !== undefined) {
        addresses += 1;
        const cidr = parseCidr(range);
        if (cidr === undefined || packet === undefined || !cidrContains(cidr, packet)) return false;
      }
      const [, pattern] = /--physdev-in (\S+) /.exec(rule) ?? [];
      if (pattern === undefined) return true;
      interfaces += 1;
      return pattern.endsWith('+') ? interfaceName.startsWith(pattern.slice(0, -1)) : interfaceName === pattern;
    };
    let at = 'ROOT';
    for (;;) {
      const rules = chains[packet?.family ?? 4].get(at);
      if (rules === undefined) return { chain: at, interfaces, addresses };
      const next = rules.find(matches);
      if (next === undefined) return { chain: undefined, interfaces, addresses };
      at = next.slice(next.indexOf('-g ') + 3);
    }
  };
}

function targetOf(interfaceName: string, ...addresses: string[]): DispatchTarget {
  return { interfaceName, addresses, chain: `to ${interfaceName}` };
}

const names = Array.from({ length: 500 }, (_, n) => `vnic${n}.0`);
const many = names.map((name, n) => targetOf(name, `10.0.${n >> 8}.${n & 255}`, `2001:db8::${n.toString(16)}`));

const walk = walkThrough(many);

describe('the dispatch by names', () => {
  it.each([
    ['one name', ['vnic0.0']],
    ['a few names', names.slice(0, 4)],
    ['names of one chain', names.slice(0, 16)],
    ['many names', names],
    ['a name that begins others', ['vnic1', 'vnic10', 'vnic11', 'vnic12', 'vnic13', 'vnic1x']],
    ['names that begin alike in nothing', [...names, 'tap0']],
  ])('leads each of %s to its chain, and no other name anywhere', (_, all) => {
    const walk = walkThrough(all.map((name) => targetOf(name)));
    for (const name of all) expect(walk(name).chain).toBe(`to ${name}`);
    for (const other of ['eth0', 'vnic', 'vnic9', 'vnic500.0', 'tap1']) expect(walk(other).chain).toBeUndefined();
  });

  it('costs an interface of another name, such as an uplink, one comparison', () => {
    expect(walk('eth0', '10.0.2.1').interfaces).toBe(1);
    expect(walkThrough(many.slice(0, 16))('eth0').interfaces).toBe(1);
  });

  it('costs each of 500 names 28 comparisons at most', () => {
    expect(Math.max(...names.map((name) => walk(name).interfaces))).toBeLessThanOrEqual(28);
  });
});

describe.each([
  ['filter', { 4: 22, 6: 24 }],
  ['raw', { 4: 22, 6: 14 }],
] as const)('the dispatch by addresses, in %s', (table, most) => {
  const walk = walkThrough(many, table);

  it('costs each address of 500 NICs one comparison of interfaces and few of addresses', () => {
    for (const { interfaceName, addresses, chain } of many) {
      for (const address of addresses) {
        const walked = walk(interfaceName, address);
        expect(walked).toMatchObject({ chain, interfaces: 1 });
        expect(walked.addresses).toBeLessThanOrEqual(most[address.includes(':') ? 6 : 4]);
      }
    }
  });

  it('is decided by the interface, whatever address a packet has', () => {
    for (const [n, { interfaceName, chain }] of many.entries()) {
      for (const address of [`10.0.0.${(n + 1) & 255}`, '10.0.1.255', '0.0.0.0', '255.255.255.255', '::', 'fe80::1'])
        expect(walk(interfaceName, address).chain).toBe(chain);
    }
  });

  it('finds each of the NICs that have one address, few or many', () => {
    for (const count of [2, 4, 5, 40]) {
      const alike = names.slice(0, count).map((name) => targetOf(name, '10.0.0.1'));
      const walkAlike = walkThrough([...alike, ...many.slice(100)], table);
      for (const { interfaceName, chain } of alike) expect(walkAlike(interfaceName, '10.0.0.1').chain).toBe(chain);
    }
  });

  it('compares no more than four interfaces by one address', () => {
    const alike = names.slice(0, 40).map((name) => targetOf(name, '10.0.0.1'));
    const walked = walkThrough([...alike, ...many.slice(100)], table)('eth0', '10.0.0.1');
    expect(walked).toMatchObject({ chain: undefined, interfaces: 1 });
  });

  it('leaves to a NIC its exceptions, whatever address they have, and what is known of an address goes with it alone', () => {
    const targets = many.map((target) => ({ ...target, known: `-m mac --mac-source ${target.chain} -j RETURN` }));
    const made = renderDispatch('ROOT', 'from', { targets, family: 4, table, exceptions: ['-p icmp'] });
    const rules = made.flatMap(({ rules }) => rules);
    expect(made.find(({ name }) => name === 'ROOT')?.rules[0]).toMatch(/^-p icmp -g ROOT-/);
    for (const { interfaceName, addresses, chain } of many) {
      const known = rules.filter((rule) => rule.includes(`--mac-source ${chain} `));
      expect(known).toEqual([
        `-s ${addresses[0]}/32 -m physdev --physdev-in ${interfaceName} -m mac --mac-source ${chain} -j RETURN`,
      ]);
      expect(rules).toContain(`-m physdev --physdev-in ${interfaceName} -g ${chain}`);
    }
  });

  it('compares no IPv4 address with a network of 24 bits, which costs nf_tables as much as an interface', () => {
    const rules = renderDispatch('ROOT', 'from', { targets: many, family: 4, table }).flatMap(({ rules }) => rules);
    expect(rules.filter((rule) => rule.includes('/24 '))).toEqual([]);
  });

  it('has rules in proportion to the NICs', () => {
    const rulesOf = (targets: readonly DispatchTarget[]) =>
      renderDispatch('ROOT', 'to', { targets, family: 4, table }).flatMap(({ rules }) => rules).length;
    expect(rulesOf(many)).toBeLessThan(4 * many.length);
    expect(rulesOf(many.slice(0, 50))).toBeLessThan(4 * 50);
  });

  it('keeps the chains of other addresses while a NIC comes', () => {
    const chainsOf = (targets: readonly DispatchTarget[]) =>
      renderDispatch('ROOT', 'to', { targets, family: 4, table }).map((chain) => JSON.stringify(chain));
    const before = new Set(chainsOf(many.slice(0, 400)));
    expect(chainsOf(many.slice(0, 401)).filter((chain) => !before.has(chain)).length).toBeLessThan(6);
  });

  it.each([4, 6] as const)('of IPv%i, leads to what follows by the longest way first', (family) => {
    // Some addresses before the most, and some after them.
    const block = (n: number) => (n < 30 ? 0 : n < 470 ? 64 : 192);
    const uneven = many.map(({ interfaceName }, n) =>
      targetOf(interfaceName, `10.${block(n)}.${n >> 8}.${n & 255}`, `2001:db8:${block(n)}00::${n.toString(16)}`),
    );
    const chains = new Map(renderDispatch('ROOT', 'from', { targets: uneven, family, table }).map((c) => [c.name, c]));
    const otherwise = dispatchChain('ROOT', '');
    const depths: number[] = [];
    const walkAlong = (name: string, depth: number): void => {
      if (name === otherwise) depths.push(depth);
      else for (const rule of chains.get(name)?.rules ?? []) walkAlong(rule.slice(rule.indexOf('-g ') + 3), depth + 1);
    };
    walkAlong('ROOT', 0);
    expect(new Set(depths).size).toBeGreaterThan(1);
    expect(depths[0]).toBe(Math.max(...depths));
  });

  it('has the same chains whatever was rendered before', () => {
    const render = (targets: readonly DispatchTarget[]) =>
      ([4, 6] as const).map((family) => renderDispatch('ROOT', 'from', { targets, family, table }));
    const twin = targetOf('twin.0', '10.0.1.7', '2001:db8::107');
    const steps = [many.slice(0, 90), many.slice(40, 400), [...many, twin], many.slice(0, 300), many];
    for (const targets of steps) expect(render(targets)).toEqual(render(structuredClone(targets)));
  });
});
