import { describe, expect, it } from 'vitest';
import { renderDispatch } from './dispatch.js';

/** The chain a packet of an interface ends in, and the comparisons on the way. */
function walk(names: readonly string[], interfaceName: string): { chain: string | undefined; comparisons: number } {
  const targets = new Map(names.map((name) => [name, `to ${name}`]));
  const chains = new Map(renderDispatch('ROOT', '--physdev-in', targets).map(({ name, rules }) => [name, rules]));
  let comparisons = 0;
  let at = 'ROOT';
  for (;;) {
    const rules = chains.get(at);
    if (rules === undefined) return { chain: at, comparisons };
    const next = rules.find((rule) => {
      comparisons += 1;
      const [, pattern = ''] = /--physdev-in (\S+) /.exec(rule) ?? [];
      return pattern.endsWith('+') ? interfaceName.startsWith(pattern.slice(0, -1)) : interfaceName === pattern;
    });
    if (next === undefined) return { chain: undefined, comparisons };
    at = next.slice(next.indexOf('-g ') + 3);
  }
}

const many = Array.from({ length: 500 }, (_, n) => `vnic${n}.0`);

describe('the dispatch tree', () => {
  it.each([
    ['one name', ['vnic0.0']],
    ['a few names', many.slice(0, 4)],
    ['names of one chain', many.slice(0, 16)],
    ['many names', many],
    ['a name that begins others', ['vnic1', 'vnic10', 'vnic11', 'vnic12', 'vnic13', 'vnic1x']],
    ['names that begin alike in nothing', [...many, 'tap0']],
  ])('leads each of %s to its chain, and no other name anywhere', (_, names) => {
    for (const name of names) expect(walk(names, name).chain).toBe(`to ${name}`);
    for (const other of ['eth0', 'vnic', 'vnic9', 'vnic500.0', 'tap1'])
      expect(walk(names, other).chain).toBeUndefined();
  });

  it('costs an interface of another name, such as an uplink, one comparison', () => {
    expect(walk(many, 'eth0').comparisons).toBe(1);
    expect(walk(many.slice(0, 16), 'eth0').comparisons).toBe(1);
  });

  it('costs each of 500 names 28 comparisons at most', () => {
    expect(Math.max(...many.map((name) => walk(many, name).comparisons))).toBeLessThanOrEqual(28);
  });
});
