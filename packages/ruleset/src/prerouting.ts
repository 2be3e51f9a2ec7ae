import type { HostNic } from '@portcullis/compile';
import type { Chain } from './chain.js';
import { renderNameTree } from './name-tree.js';
import { chains } from './names.js';
import { bridgeZones } from './zones.js';

/**
 * What a packet passes before connection tracking, and before the bridge learns where its MAC lives: whether it is sent in
 * the name of somebody else, then the conntrack zone of the bridge it came in by.
 */
export function renderPrerouting(nics: Iterable<HostNic>): Chain[] {
  const targets = new Map([...bridgeZones(nics)].map(([bridge, zone]) => [bridge, `-j CT --zone ${zone}`]));
  const entry = (bridge: string, to: string) => `-i ${bridge} ${to.startsWith('-') ? to : `-g ${to}`}`;
  const tree = renderNameTree({ name: chains.prerouting, root: chains.zone, entry }, targets);
  return tree.map(({ name, rules }) => {
    return { table: 'raw', name, rules: name === chains.prerouting ? [`-j ${chains.source}`, ...rules] : rules };
  });
}
