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

interface Branch extends Pick<AddressTreeOptions, 'table'> {
  readonly leaves: readonly AddressLeaf[];
  readonly depth: number;
  readonly grown: Grown;
}

interface Grown {
  /** Its own chain, and those it leads to. */
  readonly chains: readonly Chain[];
  /** How many chains deep. */
  readonly height: number;
}

/** What was made before of the branch that begins with a leaf, by the name of its chain: of a tree that changes most stays. */
const branchesOf = new WeakMap<AddressLeaf, Map<string, Branch>>();

/**
 * Chains that lead from an address to the leaves that have it: a tree on its bits, whose comparisons are the cheapest there
 * are. Of branches the deepest comes first: with each transaction nf_tables walks along all rules, and once more along what it
 * then comes to by a longer way, which is all that follows where no leaf takes a packet. No more than `mostAlike` leaves have one address; they come in the order of their addresses.
 */
export function renderAddressTree(
  { root, flag, family, table, otherwise, exceptions }: AddressTreeOptions,
  leaves: readonly AddressLeaf[],
): readonly Chain[] {
  const bits = addressBits(family);
  const [maxDepth, step] = [addressDepth[table], addressStep[table][family]];
  const maxLeaves = Math.max(2 ** step, mostAlike);
  const cidr = (value: bigint, length: number) => `${kernelAddress(formatAddress({ family, value }))}/${length}`;
  const leafRule = ({ text, rule }: AddressLeaf) => `${flag} ${text} ${rule}`;
  const build = (name: string, sorted: readonly AddressLeaf[], depth: number): Grown => {
    const rules = name === root ? exceptions.map((match) => `${match} -g ${otherwise}`) : [];
    const below: (Grown & { rule: string })[] = [];
    let here = sorted;
    while (here.length > maxLeaves && depth < maxDepth) {
      const common = commonLength(here, bits);
      const length = Math.min(bits - step * Math.floor((bits - common - 1) / step), bits);
      const rest = BigInt(bits - length);
      const branches = groupsOf(here, ({ value }) => (value >> rest) << rest);
      // What none of the others takes is the last one's: it needs no chain.
      here = branches.pop()?.[1] ?? [];
      for (const [prefix, members] of branches) {
        const [only] = members;
        if (members.length === 1 && only !== undefined) below.push({ rule: leafRule(only), chains: [], height: 0 });
        else {
          const branch = cidr(prefix, length);
          const child = dispatchChain(root, branch);
          below.push({ rule: `${flag} ${branch} -g ${child}`, ...grow(child, members, depth + 1) });
        }
      }
    }
    const led = below.toSorted((a, b) => b.height - a.height).map(({ rule }) => rule);
    const own: Chain = { table, name, rules: [...rules, ...led, ...here.map(leafRule), `-g ${otherwise}`] };
    const height = 1 + Math.max(0, ...below.map((each) => each.height));
    return { chains: [own, ...below.flatMap(({ chains }) => chains)], height };
  };
  const grow = (name: string, members: readonly AddressLeaf[], depth: number): Grown => {
    const [first] = members;
    const before = first && branchesOf.get(first);
    const known = before?.get(name);
    if (known?.table === table && known.depth === depth && areSame(known.leaves, members)) return known.grown;
    const grown = build(name, members, depth);
    if (first) branchesOf.set(first, (before ?? new Map()).set(name, { table, leaves: members, depth, grown }));
    return grown;
  };
  return build(root, leaves, 0).chains;
}

/** So many leaves of one address go into one chain. */
export const mostAlike = 4;

/** How many bits all addresses begin with alike. */
function commonLength(sorted: readonly AddressLeaf[], bits: number): number {
  const differing = (sorted[0]?.value ?? 0n) ^ (sorted.at(-1)?.value ?? 0n);
  return differing === 0n ? bits : bits - differing.toString(2).length;
}

/** Of leaves in their order, those that follow each other and have the same key. */
function groupsOf(sorted: readonly AddressLeaf[], keyOf: (leaf: AddressLeaf) => bigint): [bigint, AddressLeaf[]][] {
  const groups: [bigint, AddressLeaf[]][] = [];
  for (const leaf of sorted) {
    const key = keyOf(leaf);
    const last = groups.at(-1);
    if (last?.[0] === key) last[1].push(leaf);
    else groups.push([key, [leaf]]);
  }
  return groups;
}

function areSame(left: readonly AddressLeaf[], right: readonly AddressLeaf[]): boolean {
  return left.length === right.length && left.every((leaf, i) => leaf === right[i]);
}
