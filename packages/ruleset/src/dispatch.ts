import type { Chain } from './chain.js';
import { dispatchChain } from './names.js';

/** Most comparisons in one chain of the tree. */
const maxWidth = 16;

/** From how many names on a packet of any other interface is told by what all names begin with: it costs the rest a comparison. */
const leastGuarded = 5;

/**
 * Chains that lead from an interface name to its NIC's chain: a tree on name prefixes, so that a packet costs a few
 * comparisons and not one per NIC. Every step is a goto: a RETURN of the NIC's chain goes back to where the root was
 * jumped to from.
 */
export function renderDispatch(
  root: string,
  option: '--physdev-in' | '--physdev-out',
  targets: ReadonlyMap<string, string>,
): Chain[] {
  const made: Chain[] = [];
  const entry = (pattern: string, chain: string) => `-m physdev ${option} ${pattern} -g ${chain}`;
  const build = (name: string, interfaces: readonly string[]): void => {
    if (interfaces.length <= maxWidth) {
      const rules = interfaces.map((each) => entry(each, targets.get(each) ?? ''));
      made.push({ table: 'filter', name, rules });
      return;
    }
    const shared = commonPrefix(interfaces);
    const exact = interfaces.filter((each) => each === shared);
    const branches = new Map<string, string[]>();
    for (const each of interfaces) {
      if (each === shared) continue;
      const branch = each.slice(0, shared.length + 1);
      branches.set(branch, [...(branches.get(branch) ?? []), each]);
    }
    const rules = [
      ...exact.map((each) => entry(each, targets.get(each) ?? '')),
      ...[...branches].map(([branch, members]) => {
        const [only] = members;
        if (members.length === 1 && only !== undefined) return entry(only, targets.get(only) ?? '');
        return entry(`${branch}+`, dispatchChain(root, branch));
      }),
    ];
    made.push({ table: 'filter', name, rules });
    for (const [branch, members] of branches) {
      if (members.length > 1) build(dispatchChain(root, branch), members);
    }
  };
  const names = [...targets.keys()].toSorted();
  const shared = commonPrefix(names);
  if (names.length < leastGuarded || shared === '') build(root, names);
  else {
    const guarded = dispatchChain(root, shared);
    made.push({ table: 'filter', name: root, rules: [entry(`${shared}+`, guarded)] });
    build(guarded, names);
  }
  return made;
}

function commonPrefix(sorted: readonly string[]): string {
  const first = sorted[0] ?? '';
  const last = sorted.at(-1) ?? '';
  let length = 0;
  while (length < first.length && first[length] === last[length]) length += 1;
  return first.slice(0, length);
}
