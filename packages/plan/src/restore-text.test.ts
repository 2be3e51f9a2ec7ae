import { expect, it } from 'vitest';
import { renderRestore, type WrittenChain } from './restore-text.js';

const nothing = { goneChains: [], missingHooks: [], misplaced: [] };

function linesOf(before: string[] | undefined, rules: string[]): string[] {
  const chain: WrittenChain = { table: 'filter', name: 'PC-X', before, rules };
  return renderRestore({ ...nothing, written: [chain] })
    .trimEnd()
    .split('\n')
    .slice(1, -1);
}

it.each<[string, string[] | undefined, string[], string[]]>([
  ['a new chain is made', undefined, ['a', 'b'], [':PC-X - [0:0]', '-A PC-X a', '-A PC-X b']],
  ['a rule more is put in its place', ['a', 'c', 'd'], ['a', 'b', 'c', 'd'], ['-I PC-X 2 b']],
  ['a rule more may be the last', ['a', 'b'], ['a', 'b', 'c'], ['-I PC-X 3 c']],
  ['a rule less is deleted by value', ['a', 'b', 'c', 'd'], ['a', 'b', 'd'], ['-D PC-X c']],
  ['a changed rule goes and comes', ['a', 'b', 'c', 'd'], ['a', 'x', 'c', 'd'], ['-D PC-X b', '-I PC-X 2 x']],
  ['of much that changes everything is written', ['a', 'b'], ['x', 'b'], [':PC-X - [0:0]', '-A PC-X x', '-A PC-X b']],
  [
    'one of two equal rules is not deleted by value',
    ['r', 'a', 'r', 'b'],
    ['r', 'a', 'b'],
    [':PC-X - [0:0]', '-A PC-X r', '-A PC-X a', '-A PC-X b'],
  ],
  [
    'another order is written anew',
    ['a', 'b', 'c', 'd', 'e', 'f'],
    ['b', 'a', 'c', 'd', 'e', 'f'],
    [':PC-X - [0:0]', '-A PC-X b', '-A PC-X a', '-A PC-X c', '-A PC-X d', '-A PC-X e', '-A PC-X f'],
  ],
])('%s', (_, before, rules, lines) => {
  expect(linesOf(before, rules)).toEqual(lines);
});

it('chains are there before rules name them and go after none does', () => {
  const chain = (name: string) => ({ table: 'filter' as const, name });
  const text = renderRestore({
    written: [
      { ...chain('PC-OLD'), before: ['-j PC-GONE', 'a', 'b'], rules: ['-j PC-NEW', 'a', 'b', 'c'] },
      { ...chain('PC-NEW'), before: undefined, rules: ['-j RETURN'] },
    ],
    goneChains: [{ ...chain('PC-GONE'), rules: ['-j DROP'] }],
    missingHooks: [{ table: 'filter', chain: 'FORWARD', rule: '-j PC-OLD' }],
    misplaced: [{ table: 'raw', chain: 'OUTPUT', rule: '-j PC-OLD' }],
  });
  expect(text.split('\n')).toEqual([
    '*raw',
    '-D OUTPUT -j PC-OLD',
    'COMMIT',
    '*filter',
    ':PC-OLD - [0:0]',
    ':PC-NEW - [0:0]',
    ':PC-GONE - [0:0]',
    '-A PC-OLD -j PC-NEW',
    '-A PC-OLD a',
    '-A PC-OLD b',
    '-A PC-OLD c',
    '-A PC-NEW -j RETURN',
    '-I FORWARD 1 -j PC-OLD',
    '-X PC-GONE',
    'COMMIT',
    '',
  ]);
});
