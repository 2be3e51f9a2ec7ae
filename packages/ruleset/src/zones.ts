import { createHash } from 'node:crypto';
import { bridgeDomains, defaultDomain, type HostNic } from '@portcullis/compile';

/**
 * Connections of two routing domains may have the same addresses and ports: each bridge that a binding names tracks them
 * in the conntrack zone of its domain. Zone 0, which needs no rule, is that of the default domain and everyone else's.
 */
export function bridgeZones(nics: Iterable<HostNic>): Map<string, number> {
  const domains = bridgeDomains(nics);
  const zones = numberZones(domains.values());
  return new Map(
    [...domains].flatMap(([bridge, domain]) => {
      const zone = zones.get(domain);
      return zone === undefined ? [] : [[bridge, zone] as const];
    }),
  );
}

/** The routing domain of each conntrack zone of a host. */
export function zoneDomains(nics: Iterable<HostNic>): Map<number, string> {
  const zones = numberZones(bridgeDomains(nics).values());
  return new Map([[0, defaultDomain], ...[...zones].map(([domain, zone]) => [zone, domain] as const)]);
}

/** A number by hash, so that a domain keeps its zone while others come and go; in the rare collision the next free one. */
function numberZones(domains: Iterable<string>): Map<string, number> {
  const taken = new Set<number>();
  const zones = new Map<string, number>();
  for (const domain of [...new Set(domains)].toSorted()) {
    if (domain === defaultDomain) continue;
    let zone = createHash('sha256').update(domain).digest().readUInt16BE(0) || 1;
    while (taken.has(zone)) zone = (zone % 0xffff) + 1;
    taken.add(zone);
    zones.set(domain, zone);
  }
  return zones;
}
