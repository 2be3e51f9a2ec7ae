import { bridgeDomains, type FlowKey, type HostNic, zoneOfNobody } from '@portcullis/compile';
import type { Family } from '@portcullis/model';
import type { Chain } from './chain.js';
import { flowElements } from './flow-element.js';
import { chains, revokedChain, revokedSetName } from './names.js';

/** Flows that are stopped although they are established, by the routing domain of the conntrack zone that tracks them. */
export type RevokedFlows = ReadonlyMap<string, ReadonlyMap<string, FlowKey>>;

export interface RevokedParts {
  readonly chains: readonly Chain[];
  readonly sets: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What packets of an established connection go through first. */
export const revokedInForward = `-m conntrack --ctstate ESTABLISHED -j ${chains.revoked}`;
/** What answers the host itself was never judged: only what a VM began is. */
export const revokedInInput = `-m conntrack --ctstate ESTABLISHED --ctdir ORIGINAL -j ${chains.revoked}`;

/**
 * The chains that stop revoked flows of one family; none where there is none. Routing domains may have the same
 * addresses: each has a set of its own, which only packets that came in through its bridges are looked up in.
 */
export function renderRevoked(
  revoked: RevokedFlows,
  nics: ReadonlyMap<string, HostNic>,
  family: Family,
): RevokedParts | undefined {
  if (revoked.size === 0) return undefined;
  const sets = new Map<string, ReadonlySet<string>>();
  const stopping: Chain[] = [];
  for (const [zone, flows] of revoked) {
    const own = [...flows.values()].filter(({ source }) => source.includes(':') === (family === 6));
    if (own.length === 0) continue;
    const set = revokedSetName(zone, family);
    sets.set(set, new Set(own.flatMap(flowElements)));
    const rules = [
      `-m conntrack --ctdir ORIGINAL -m set --match-set ${set} src,dst,dst -j DROP`,
      `-m conntrack --ctdir REPLY -m set --match-set ${set} dst,src,src -j DROP`,
    ];
    stopping.push({ table: 'filter', name: revokedChain(zone), rules });
  }
  if (stopping.length === 0) return undefined;
  const isStopping = (zone: string) => sets.has(revokedSetName(zone, family));
  const byBridge = [...bridgeDomains(nics.values())].toSorted().flatMap(([bridge, zone]) => {
    if (isStopping(zone)) return [`-i ${bridge} -g ${revokedChain(zone)}`];
    return isStopping(zoneOfNobody) ? [`-i ${bridge} -j RETURN`] : [];
  });
  const rest = isStopping(zoneOfNobody) ? [`-g ${revokedChain(zoneOfNobody)}`] : [];
  return { chains: [...stopping, { table: 'filter', name: chains.revoked, rules: [...byBridge, ...rest] }], sets };
}
