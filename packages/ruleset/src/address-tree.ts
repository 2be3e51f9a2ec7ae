import { addressBits, type Family, formatAddress } from '@portcullis/model';
import type { Chain, TableName } from './chain.js';
import { addressDepth, addressStep } from './depths.js';
import { kernelAddress } from './kernel-address.js';
import { dispatchChain } from './names.js';

/** An address, and what is done about a packet with it: a rule, without the match of the address. */
export interface AddressLeaf {
  readonly value: bigint;
  /** The address as the argument of `-s` or `-d`. */
  readonly text: string;
  readonly rule: string;
}

export interface AddressTreeOptions {
  readonly root: string;
  readonly flag: '-s' | '-d';
  readonly family: Family;
  readonly table: TableName;
  /** Where packets go that no leaf takes. */
  readonly otherwise: string;
  /** Matches of packets that no leaf may take. */
  readonly exceptions: readonly string[];
}

/**
 * Chains that lead from an address to the leaves that have it: a tree on its bits, whose comparisons are the cheapest there
 * are. No more than `mostAlike` leaves have one address.
 */
export function renderAddressTree(
  { root, flag, family, table, otherwise, exceptions }: AddressTreeOptions,
  leaves: readonly AddressLeaf[],
): Chain[] {
  const bits = addressBits(family);
  const [maxDepth, step] = [addressDepth[table], addressStep[table][family]];
  const maxLeaves = Math.max(2 ** step, mostAlike);
  const made: Chain[] = [];
  const cidr = (value: bigint, length: number) => `${kernelAddress(formatAddress({ family, value }))}/${length}`;
  const leafRule = ({ text, rule }: AddressLeaf) => `${flag} ${text} ${rule}`;
  const build = (name: string, sorted: readonly AddressLeaf[], depth: number): void => {
    const rules = name === root ? exceptions.map((match) => `${match} -g ${otherwise}`) : [];
    const below: [string, readonly AddressLeaf[]][] = [];
    let here = sorted;
    while (here.length > maxLeaves && depth < maxDepth) {
      const common = commonLength(here, bits);
      const length = Math.min(bits - step * Math.floor((bits - common - 1) / step), bits);
      const rest = BigInt(bits - length);
      const branches = [...groupBy(here, ({ value }) => (value >> rest) << rest)];
      // What none of the others takes is the last one's: it needs no chain.
      here = branches.pop()?.[1] ?? [];
      for (const [prefix, members] of branches) {
        const [only] = members;
        if (members.length === 1 && only !== undefined) rules.push(leafRule(only));
        else {
          const branch = cidr(prefix, length);
          rules.push(`${flag} ${branch} -g ${dispatchChain(root, branch)}`);
          below.push([dispatchChain(root, branch), members]);
        }
      }
    }
    made.push({ table, name, rules: [...rules, ...here.map(leafRule), `-g ${otherwise}`] });
    for (const [child, members] of below) build(child, members, depth + 1);
  };
  build(
    root,
    leaves.toSorted((a, b) => (a.value < b.value ? -1 : Number(a.value > b.value))),
    0,
  );
  return made;
}

/** So many leaves of one address go into one chain. */
export const mostAlike = 4;

/** How many bits all addresses begin with alike. */
function commonLength(sorted: readonly AddressLeaf[], bits: number): number {
  const differing = (sorted[0]?.value ?? 0n) ^ (sorted.at(-1)?.value ?? 0n);
  return differing === 0n ? bits : bits - differing.toString(2).length;
}

function groupBy<Key>(leaves: readonly AddressLeaf[], keyOf: (leaf: AddressLeaf) => Key): Map<Key, AddressLeaf[]> {
  const groups = new Map<Key, AddressLeaf[]>();
  for (const leaf of leaves) {
    const group = groups.get(keyOf(leaf));
    if (group === undefined) groups.set(keyOf(leaf), [leaf]);
    else group.push(leaf);
  }
  return groups;
}
