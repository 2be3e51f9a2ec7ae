import type { HostNic } from '@portcullis/compile';
import type { Chain } from './chain.js';
import { renderNameTree } from './name-tree.js';
import { chains } from './names.js';
import { bridgeZones } from './zones.js';

/**
 * What a packet passes before connection tracking, and before the bridge learns where its MAC lives: whether it is sent in
 * the name of somebody else (`source`), then the conntrack zone of the bridge it came in by. Without zones the first is all.
 */
export function renderPrerouting(nics: Iterable<HostNic>, source: readonly Chain[]): Chain[] {
  const targets = new Map([...bridgeZones(nics)].map(([bridge, zone]) => [bridge, `-j CT --zone ${zone}`]));
  const named = (chain: Chain) => (chain.name === chains.source ? { ...chain, name: chains.prerouting } : chain);
  if (targets.size === 0) return source.map(named);
  const entry = (bridge: string, to: string) => `-i ${bridge} ${to.startsWith('-') ? to : `-g ${to}`}`;
  const tree = renderNameTree({ name: chains.prerouting, root: chains.zone, entry }, targets);
  const zones = tree.map(({ name, rules }): Chain => {
    return { table: 'raw', name, rules: name === chains.prerouting ? [`-j ${chains.source}`, ...rules] : rules };
  });
  return [...source, ...zones];
}
