import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PortRule, renderPortTree } from './port-tree.js';

/** What a packet to a port is compared with, in order, until a rule matches; the text of that rule comes last. */
function walk(
  rules: readonly PortRule[],
  protocol: string,
  port: number,
): { compared: number; found: string | undefined } {
  const { entry, chains } = renderPortTree(rules, (code) => `CHAIN-${code}`);
  const byName = new Map(chains.map((chain) => [`CHAIN-${chain.code}`, chain.rules]));
  expect(byName.size).toBe(chains.length);
  let compared = 0;
  let at = entry;
  for (;;) {
    const next = at.find((rule) => {
      compared += 1;
      const [, of, start, end] = /^-p (\w+)(?: -m \w+ --dport (\d+)(?::(\d+))?)?/.exec(rule) ?? [];
      return of === protocol && port >= Number(start ?? 0) && port <= Number(end ?? start ?? 65_535);
    });
    const below = byName.get(next?.split(' -g ')[1] ?? '');
    if (below === undefined) return { compared, found: next };
    at = below;
  }
}

function ruleOf(protocol: 'tcp' | 'udp', start: number, end = start): PortRule {
  const range = start === end ? `${start}` : `${start}:${end}`;
  return { protocol, ports: { start, end }, text: `-p ${protocol} -m ${protocol} --dport ${range} -g PC-ALLOW` };
}

describe('the tree of ports', () => {
  const port = fc.oneof(
    fc.integer({ min: 1, max: 65_535 }),
    fc.integer({ min: 1000, max: 1050 }),
    fc.constantFrom(1, 65_535),
  );
  const rule = fc
    .record({ protocol: fc.constantFrom('tcp' as const, 'udp' as const), a: port, b: port, isOne: fc.boolean() })
    .map(({ protocol, a, b, isOne }) => ruleOf(protocol, isOne ? a : Math.min(a, b), isOne ? a : Math.max(a, b)));

  it('finds a rule for a packet exactly where there is one', () => {
    const situation = fc.record({ rules: fc.array(rule, { maxLength: 60 }), ports: fc.array(port, { minLength: 20 }) });
    fc.assert(
      fc.property(situation, ({ rules, ports }) => {
        for (const each of [...ports, ...rules.flatMap((one) => [one.ports.start, one.ports.end])]) {
          for (const protocol of ['tcp', 'udp']) {
            const isThere = rules.some(
              (one) => one.protocol === protocol && one.ports.start <= each && each <= one.ports.end,
            );
            expect(walk(rules, protocol, each).found !== undefined).toBe(isThere);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('has each rule once, and no more chains than rules', () => {
    fc.assert(
      fc.property(fc.uniqueArray(rule, { selector: ({ text }) => text, maxLength: 80 }), (rules) => {
        const { entry, chains } = renderPortTree(rules, (code) => code);
        const all = [...entry, ...chains.flatMap((chain) => chain.rules)];
        expect(all.filter((text) => text.endsWith('PC-ALLOW')).toSorted()).toEqual(
          rules.map(({ text }) => text).toSorted(),
        );
        expect(chains.length).toBeLessThanOrEqual(rules.length);
        for (const { code } of chains) expect(code.length).toBeLessThanOrEqual(5);
      }),
    );
  });

  it('is the rules themselves while they are few', () => {
    const rules = [443, 80, 22].map((each) => ruleOf('tcp', each));
    expect(renderPortTree(rules, (code) => code)).toEqual({
      entry: rules.map(({ text }) => text).toSorted(),
      chains: [],
    });
  });

  it('compares a packet with 40 of 1000 rules at most', () => {
    const rules = Array.from({ length: 1000 }, (_, n) => ruleOf('tcp', 1000 + 7 * n));
    for (const each of [1000, 4500, 7993, 1, 65_535, 1001])
      expect(walk(rules, 'tcp', each).compared).toBeLessThanOrEqual(40);
  });

  it('keeps most chains while a rule comes', () => {
    const rules = Array.from({ length: 100 }, (_, n) => ruleOf('tcp', 1000 + 2 * n));
    const chainsOf = (of: readonly PortRule[]) =>
      renderPortTree(of, (code) => code).chains.map((each) => JSON.stringify(each));
    const before = new Set(chainsOf(rules));
    expect(chainsOf([...rules, ruleOf('tcp', 1101)]).filter((chain) => !before.has(chain)).length).toBeLessThan(5);
  });

  it('keeps the chains of neighbours when a rule comes that is far away from them', () => {
    const rules = Array.from({ length: 18 }, (_, n) => ruleOf('tcp', 1300 + n));
    const chainsOf = (of: readonly PortRule[]) =>
      renderPortTree(of, (code) => code).chains.map((each) => JSON.stringify(each.rules));
    const before = new Set(chainsOf(rules));
    expect(before.size).toBeGreaterThan(1);
    expect(chainsOf([...rules, ruleOf('tcp', 20_001)]).filter((chain) => !before.has(chain))).toHaveLength(1);
  });
});
