import type { FlowKey, HostNic } from '@portcullis/compile';
import type { Direction, Family } from '@portcullis/model';
import type { Chain } from './chain.js';
import { renderDispatch } from './dispatch.js';
import { flowElements } from './flow-element.js';
import { chains, revokedChain, revokedSetName } from './names.js';

/** Flows that are stopped although they are established, at one end: by the NIC that has taken its permission back. */
export interface RevokedAtEnd {
  readonly nic: string;
  /** What the NIC is to the flow: `egress` where it sent the first packet. */
  readonly direction: Direction;
  /** By element of a set; never changed once it is rendered. */
  readonly flows: ReadonlyMap<string, FlowKey>;
}

/** Each end once. */
export type RevokedFlows = readonly RevokedAtEnd[];

export interface RevokedParts {
  readonly chains: readonly Chain[];
  readonly sets: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What packets of an established connection go through first. */
export const revokedInForward = `-m conntrack --ctstate ESTABLISHED -j ${chains.revoked}`;
/** What answers the host itself was never judged: only what a VM began is. */
export const revokedInInput = `-m conntrack --ctstate ESTABLISHED --ctdir ORIGINAL -j ${chains.revokedFrom}`;

const sides = ['from', 'to'] as const;
/** A packet as a set of flows knows it, by whether it goes the way of the first one. */
const lookups = { original: ['ORIGINAL', 'src,dst,dst'], reply: ['REPLY', 'dst,src,src'] } as const;
/** What goes from a NIC, or to it, belongs to a flow out of it or into it. */
const waysOf = {
  from: { egress: 'original', ingress: 'reply' },
  to: { ingress: 'original', egress: 'reply' },
} as const;

/**
 * The chains that stop revoked flows of one family; none where there is none. Each end has a set of its own, in which only
 * packets from and to the NIC's bridge port are looked up: others may have the same address, and other permissions.
 */
export function renderRevoked(
  revoked: RevokedFlows,
  nics: ReadonlyMap<string, HostNic>,
  family: Family,
): RevokedParts | undefined {
  const sets = new Map<string, ReadonlySet<string>>();
  const rules = { from: new Map<HostNic, string[]>(), to: new Map<HostNic, string[]>() };
  for (const { nic: id, direction, flows } of revoked) {
    const nic = nics.get(id);
    const elements = elementsOf(flows)[family];
    if (nic === undefined || elements.size === 0) continue;
    const set = revokedSetName(direction, id, family);
    sets.set(set, elements);
    for (const side of sides) {
      const [way, parts] = lookups[waysOf[side][direction]];
      const rule = `-m conntrack --ctdir ${way} -m set --match-set ${set} ${parts} -j DROP`;
      rules[side].set(nic, [...(rules[side].get(nic) ?? []), rule].toSorted());
    }
  }
  if (sets.size === 0) return undefined;
  const roots = { from: chains.revokedFrom, to: chains.revokedTo };
  const all = sides.flatMap((side): Chain[] => {
    const targets = [...rules[side].keys()].map(({ id, interfaceName, addresses }) => {
      return { interfaceName, addresses, chain: revokedChain(side, id) };
    });
    const stopping = [...rules[side]].map(([{ id }, own]): Chain => {
      return { table: 'filter', name: revokedChain(side, id), rules: own };
    });
    return [...stopping, ...renderDispatch(roots[side], side, { targets, family })];
  });
  const both = sides.map((side) => `-j ${roots[side]}`);
  return { chains: [{ table: 'filter', name: chains.revoked, rules: both }, ...all], sets };
}

const known = new WeakMap<RevokedAtEnd['flows'], Record<Family, ReadonlySet<string>>>();

/** Elements by family. While the flows are the same ones, nobody has to write them again. */
function elementsOf(flows: RevokedAtEnd['flows']): Record<Family, ReadonlySet<string>> {
  const found = known.get(flows);
  if (found !== undefined) return found;
  const made = { 4: new Set<string>(), 6: new Set<string>() };
  for (const key of flows.values()) {
    for (const element of flowElements(key)) made[key.source.includes(':') ? 6 : 4].add(element);
  }
  known.set(flows, made);
  return made;
}
