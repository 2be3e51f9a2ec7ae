import type { HostNic } from './host-state.js';

/**
 * The routing domain of public and flat networks, tracked in conntrack zone 0, like all that enters by no bridge: so what the host
 * routes to them, and what comes back, is one connection.
 */
export const defaultDomain = 'default';

/** The routing domain of each bridge that a binding names. A bridge of two domains stays with the first by name. */
export function bridgeDomains(nics: Iterable<HostNic>): Map<string, string> {
  const domains = new Map<string, string>();
  for (const { bridge, routingDomain } of nics) {
    if (bridge === undefined) continue;
    const known = domains.get(bridge);
    if (known === undefined || routingDomain < known) domains.set(bridge, routingDomain);
  }
  return domains;
}
