import type { Chain } from './chain.js';
import { nameDepth } from './depths.js';
import { dispatchChain } from './names.js';

/** Most comparisons in one chain of the tree, where it is not as deep as it may be. */
const maxWidth = 16;

export interface NameTreeOptions {
  /** The chain the tree begins with. */
  readonly name: string;
  /** What the names of its other chains are made from. */
  readonly root: string;
  /** The rule that leads from a name, or from all that begin like it (`+`), to a chain. */
  readonly entry: (pattern: string, chain: string) => string;
}

/**
 * Chains that lead from an interface name to its chain: a tree on name prefixes. A packet of an interface whose name begins
 * otherwise than all of them costs one comparison.
 */
export function renderNameTree(
  { name, root, entry }: NameTreeOptions,
  targets: ReadonlyMap<string, string>,
): Omit<Chain, 'table'>[] {
  const made: Omit<Chain, 'table'>[] = [];
  const build = (at: string, interfaces: readonly string[], depth: number): void => {
    if (interfaces.length <= maxWidth || depth === nameDepth) {
      const rules = interfaces.map((each) => entry(each, targets.get(each) ?? ''));
      made.push({ name: at, rules });
      return;
    }
    const shared = commonPrefix(interfaces);
    const exact = interfaces.filter((each) => each === shared);
    const branches = new Map<string, string[]>();
    for (const each of interfaces) {
      if (each === shared) continue;
      const branch = each.slice(0, shared.length + 1);
      const members = branches.get(branch);
      if (members === undefined) branches.set(branch, [each]);
      else members.push(each);
    }
    const rules = [
      ...exact.map((each) => entry(each, targets.get(each) ?? '')),
      ...[...branches].map(([branch, members]) => {
        const [only] = members;
        if (members.length === 1 && only !== undefined) return entry(only, targets.get(only) ?? '');
        return entry(`${branch}+`, dispatchChain(root, branch));
      }),
    ];
    made.push({ name: at, rules });
    for (const [branch, members] of branches) {
      if (members.length > 1) build(dispatchChain(root, branch), members, depth + 1);
    }
  };
  const names = [...targets.keys()].toSorted();
  const shared = commonPrefix(names);
  if (names.length < 2 || shared === '') build(name, names, 0);
  else {
    const guarded = dispatchChain(root, shared);
    made.push({ name, rules: [entry(`${shared}+`, guarded)] });
    build(guarded, names, 1);
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
