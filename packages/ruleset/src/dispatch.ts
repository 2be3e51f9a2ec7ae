import { addressBits, type Family, parseAddress } from '@portcullis/model';
import { type AddressLeaf, mostAlike, renderAddressTree } from './address-tree.js';
import type { Chain, TableName } from './chain.js';
import { kernelAddress } from './kernel-address.js';
import { renderNameTree } from './name-tree.js';
import { dispatchChain } from './names.js';

/** A NIC's chain, and what packets from or to the NIC are known by. */
export interface DispatchTarget {
  readonly interfaceName: string;
  /** Those by which it is found sooner. Whatever has another is found by the name of the interface. */
  readonly addresses: readonly string[];
  readonly chain: string;
  /** What is done with a packet that comes by the interface with one of the addresses; without it, its chain judges it. */
  readonly known?: string;
}

export interface DispatchOptions {
  readonly targets: readonly DispatchTarget[];
  readonly family: Family;
  readonly table?: TableName;
  /** Matches of packets that are always judged by a NIC's chain. */
  readonly exceptions?: readonly string[];
}

/** From how many NICs on a packet is looked up by its address first. */
const leastByAddress = 4;

const sides = {
  from: { flag: '-s', option: '--physdev-in' },
  to: { flag: '-d', option: '--physdev-out' },
} as const;

/**
 * Chains that lead a packet from or to a NIC to the NIC's chain. To compare an address costs a fraction of what comparing
 * an interface costs, so a NIC is looked for by the packet's address first; but whose packet it is, the interface decides
 * alone. Every other packet, such as one with a forged address, a broadcast, or one of the uplink, goes on to a tree of names.
 *
 * Every step is a goto: a RETURN of the NIC's chain goes back to where the root was jumped to from.
 */
export function renderDispatch(
  root: string,
  side: keyof typeof sides,
  { targets, family, table = 'filter', exceptions = [] }: DispatchOptions,
): Chain[] {
  const { flag, option } = sides[side];
  const byName = new Map(targets.map(({ interfaceName, chain }) => [interfaceName, chain]));
  const reachable = targets.filter(({ interfaceName, chain }) => byName.get(interfaceName) === chain);
  const leaves = reachable.length < leastByAddress ? [] : leavesOf(reachable, family, option);
  const entry = (pattern: string, chain: string) => `-m physdev ${option} ${pattern} -g ${chain}`;
  const byNames = (name: string) =>
    renderNameTree({ name, root, entry }, byName).map((chain): Chain => ({ table, ...chain }));
  if (leaves.length === 0) return byNames(root);
  const otherwise = dispatchChain(root, '');
  return [...renderAddressTree({ root, flag, family, table, otherwise, exceptions }, leaves), ...byNames(otherwise)];
}

/** Of the family, in the order of their addresses. An address that many NICs have, each in a routing domain of its own, tells too little. */
function leavesOf(targets: readonly DispatchTarget[], family: Family, option: Option): AddressLeaf[] {
  const sorted = targets
    .flatMap((target) => leavesOfTarget(target, family, option))
    .sort((a, b) => (a.value < b.value ? -1 : Number(a.value > b.value)));
  const isTooAlike = ({ value }: AddressLeaf, i: number) => {
    let first = i;
    while (sorted[first - 1]?.value === value) first -= 1;
    return sorted[first + mostAlike]?.value === value;
  };
  return sorted.filter((leaf, i) => !isTooAlike(leaf, i));
}

type Option = (typeof sides)[keyof typeof sides]['option'];
type KnownLeaves = WeakMap<DispatchTarget, readonly AddressLeaf[]>;

/** When one NIC comes or goes, the leaves of all are put in a tree, six times; they are made once. */
const made: Readonly<Record<Option, Record<Family, KnownLeaves>>> = {
  '--physdev-in': { 4: new WeakMap(), 6: new WeakMap() },
  '--physdev-out': { 4: new WeakMap(), 6: new WeakMap() },
};

function leavesOfTarget(target: DispatchTarget, family: Family, option: Option): readonly AddressLeaf[] {
  const before = made[option][family].get(target);
  if (before !== undefined) return before;
  const { interfaceName, addresses, chain, known = `-g ${chain}` } = target;
  const rule = `-m physdev ${option} ${interfaceName} ${known}`;
  const leaves = addresses.flatMap((text): AddressLeaf[] => {
    const address = parseAddress(text);
    if (address?.family !== family) return [];
    return [{ value: address.value, text: `${kernelAddress(text)}/${addressBits(family)}`, rule }];
  });
  made[option][family].set(target, leaves);
  return leaves;
}
