import type { Chain, HookRule } from './chain.js';
import { chains } from './names.js';
import { allowChain, clearMark } from './nic-chains.js';
import { revokedInForward, revokedInInput } from './revoked-chains.js';

/** Packets that are not of a bridge port, no tree leads to a NIC. Those that the host routes for a VM came in by one. */
export const hooks: readonly HookRule[] = [
  { table: 'raw', chain: 'PREROUTING', rule: `-j ${chains.prerouting}` },
  { table: 'filter', chain: 'INPUT', rule: `-j ${chains.input}` },
  { table: 'filter', chain: 'FORWARD', rule: `-j ${chains.forward}` },
];

const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN';

const entries: Readonly<Record<'forward' | 'input', { readonly revoked: string; readonly judged: readonly string[] }>> =
  {
    forward: { revoked: revokedInForward, judged: [`-j ${chains.egress}`, `-j ${chains.ingress}`] },
    input: { revoked: revokedInInput, judged: [`-j ${chains.egress}`] },
  };

/**
 * Who sends in the name of somebody else does not come as far as here. Inside allowed connections it is judged first what of
 * them is revoked, if anything is. An allowed packet returns to the built-in chain: rules that others have placed after ours
 * keep their say.
 */
function renderEntryChains(hasRevoked: boolean): readonly Chain[] {
  const entry = (name: keyof typeof entries): Chain => {
    const { revoked, judged } = entries[name];
    const rules = [...(hasRevoked ? [revoked] : []), established, ...judged, clearMark];
    return { table: 'filter', name: chains[name], rules };
  };
  return [entry('forward'), entry('input'), allowChain];
}

const calmEntryChains = renderEntryChains(false);
const stoppingEntryChains = renderEntryChains(true);

/** The chains of `filter` that every host has, whoever its NICs are; that of `raw` is `renderPrerouting`. */
export function entryChains(hasRevoked: boolean): readonly Chain[] {
  return hasRevoked ? stoppingEntryChains : calmEntryChains;
}
