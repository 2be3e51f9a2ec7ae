import type { Chain, HookRule } from '@portcullis/ruleset';
import { diffRules, type RuleDiff } from './diff.js';

/** A chain as it is to be, and as the kernel has it: undefined where there is none, or where it is not to be relied on. */
export interface WrittenChain extends Chain {
  readonly before: readonly string[] | undefined;
}

export interface RulesChange {
  readonly written: readonly WrittenChain[];
  readonly goneChains: readonly Chain[];
  readonly missingHooks: readonly HookRule[];
  readonly misplaced: readonly HookRule[];
}

/**
 * Input of `iptables-restore --noflush`: each table commits at once. A chain of which little changes is edited, because
 * nf_tables takes some 15 ms to take a chain's old rules apart, and the next change has to wait for that; of any other,
 * `:NAME -` empties or makes it.
 */
export function renderRestore({ written, goneChains, missingHooks, misplaced }: RulesChange): string {
  const tables = (['raw', 'filter'] as const).map((table) => {
    const of = <Item extends { table: string }>(items: readonly Item[]) => items.filter((item) => item.table === table);
    const chains = of(written).map((chain) => ({ ...chain, edits: editsOf(chain) }));
    const rewritten = chains.filter(({ edits }) => edits === undefined);
    const lines = [
      ...[...rewritten, ...of(goneChains)].map(({ name }) => `:${name} - [0:0]`),
      ...of(misplaced).map(({ chain, rule }) => `-D ${chain} ${rule}`),
      ...rewritten.flatMap(({ name, rules }) => rules.map((rule) => `-A ${name} ${rule}`)),
      ...chains.flatMap(({ name, edits = [] }) => edits.map((edit) => editLine(name, edit))),
      ...of(missingHooks).map(({ chain, rule }) => `-I ${chain} 1 ${rule}`),
      ...of(goneChains).map(({ name }) => `-X ${name}`),
    ];
    return lines.length === 0 ? '' : `*${table}\n${lines.join('\n')}\nCOMMIT\n`;
  });
  return tables.join('');
}

function editLine(chain: string, { kind, rule, position }: RuleDiff): string {
  return kind === 'removed' ? `-D ${chain} ${rule}` : `-I ${chain} ${position} ${rule}`;
}

/** The edits that lead from a chain to the next one; undefined where it is rather written anew. */
function editsOf({ before, rules }: WrittenChain): RuleDiff[] | undefined {
  if (before === undefined) return undefined;
  const edits = diffRules(before, rules);
  if (2 * edits.length > rules.length) return undefined;
  // A rule is deleted by value: of two equal ones it would be the first.
  const isTwice = ({ rule }: RuleDiff) => before.indexOf(rule) !== before.lastIndexOf(rule);
  return edits.some((edit) => edit.kind === 'removed' && isTwice(edit)) ? undefined : edits;
}
