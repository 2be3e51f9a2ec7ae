import type { Chain } from '@portcullis/ruleset';
import { expect, it } from 'vitest';
import { renderOrdered } from './ordered-restore.js';

type Sources = Readonly<Record<string, readonly string[]>>;

const filterBefore: Chain = { table: 'filter', name: 'PC-GI-1', rules: ['-p tcp -g PC-ALLOW'] };
const filterAfter: Chain = { ...filterBefore, rules: ['-p udp -g PC-ALLOW'] };
const entry: Chain = { table: 'raw', name: 'PC-PREROUTING', rules: ['-j PC-SOURCE'] };

/** The chains of bridge ports, by number, and what leads to them. */
function stateOf(sources: Sources, filter: Chain, others: readonly Chain[] = []): Map<string, Chain> {
  const jumps = Object.keys(sources).map((n) => `-m physdev --physdev-in vnic${n} -g PC-SN-${n}`);
  const own = Object.entries(sources).map(([n, rules]): Chain => ({ table: 'raw', name: `PC-SN-${n}`, rules }));
  const all: Chain[] = [entry, { table: 'raw', name: 'PC-SOURCE', rules: jumps }, ...own, filter, ...others];
  return new Map(all.map((chain) => [chain.name, chain]));
}

function textOf(before: Map<string, Chain>, after: Map<string, Chain>): string {
  const written = [...after.values()]
    .filter((chain) => JSON.stringify(before.get(chain.name)) !== JSON.stringify(chain))
    .map((chain) => ({ ...chain, before: before.get(chain.name)?.rules }));
  const goneChains = [...before.values()].filter(({ name }) => !after.has(name));
  return renderOrdered({ written, goneChains, missingHooks: [], misplaced: [] }, before, after);
}

function tablesOf(text: string): string[] {
  return [...text.matchAll(/^\*(\S+)$/gm)].map(([, table = '']) => table);
}

const own = ['-s 10.0.0.1/32 -j RETURN', '-j DROP'];
const other = ['-s 10.0.0.2/32 -j RETURN', '-j DROP'];

it.each<[string, Sources, Sources, string[]]>([
  ['stays, the rules alone change', { 1: own }, { 1: own }, ['filter']],
  ['comes, it is judged before the rules change', { 1: own }, { 1: own, 2: other }, ['raw', 'filter']],
  ['goes, it is judged until the rules have changed', { 1: own, 2: other }, { 1: own }, ['filter', 'raw']],
  ['gets another address, it has neither until then', { 1: own }, { 1: other }, ['raw', 'filter', 'raw']],
  ['comes while another one goes, both are judged', { 1: own }, { 2: other }, ['raw', 'filter', 'raw']],
])('where a source %s', (_, before, after, tables) => {
  expect(tablesOf(textOf(stateOf(before, filterBefore), stateOf(after, filterAfter)))).toEqual(tables);
});

it('what is judged alone changes at once', () => {
  expect(tablesOf(textOf(stateOf({ 1: own }, filterBefore), stateOf({ 1: other }, filterBefore)))).toEqual(['raw']);
});

it('what was judged is held beside the new until the rules have changed, then goes', () => {
  const text = textOf(stateOf({ 1: own }, filterBefore), stateOf({ 1: other }, filterAfter));
  const held = /-m physdev --physdev-in vnic1 -j (PC-HELD-[0-9a-f]{16})/.exec(text)?.[1];
  const [first = '', , last = ''] = text.split(/(?<=COMMIT\n)/);
  for (const rule of own) expect(first).toContain(`-A ${held} ${rule}\n`);
  expect(first).toContain('-A PC-PREROUTING -j PC-HELD\n-A PC-PREROUTING -j PC-SOURCE\n');
  expect(last).toBe(
    `*raw\n:PC-PREROUTING - [0:0]\n:PC-HELD - [0:0]\n:${held} - [0:0]\n` +
      `-A PC-PREROUTING -j PC-SOURCE\n-X PC-HELD\n-X ${held}\nCOMMIT\n`,
  );
});

it('E7 what a dead enforcer was holding is held until the rules have changed', () => {
  const left: Chain[] = [
    { ...entry, rules: ['-j PC-HELD', '-j PC-SOURCE'] },
    { table: 'raw', name: 'PC-HELD', rules: ['-m physdev --physdev-in vnic1 -j PC-HELD-1'] },
    { table: 'raw', name: 'PC-HELD-1', rules: other },
  ];
  const killed = stateOf({ 1: own }, filterBefore, left);
  const text = textOf(killed, stateOf({ 1: own }, filterAfter));
  expect(tablesOf(text)).toEqual(['filter', 'raw']);
  expect(text).toMatch(/-X PC-HELD\n-X PC-HELD-1\nCOMMIT\n$/);
  const both = textOf(killed, stateOf({ 1: own, 2: own }, filterAfter)).split(/(?<=COMMIT\n)/);
  expect(both).toHaveLength(3);
  expect(both[0]).not.toContain('-X PC-HELD');
  expect(both[0]).toContain('-A PC-HELD -m physdev --physdev-in vnic1 -j PC-HELD-1\n');
  expect(both[2]).toMatch(/-X PC-HELD-1\n/);
});
