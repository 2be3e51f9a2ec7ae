import type { Chain, HookRule } from './chain.js';
import { chains } from './names.js';
import { allowChain, clearMark } from './nic-chains.js';
import { revokedInForward, revokedInInput } from './revoked-chains.js';

/** Jumps that packets of every host pass, first of all. */
export interface Entry {
  readonly hooks: readonly HookRule[];
  /** Chains of `filter` that every host has, whoever its NICs are; that of `raw` is `renderPrerouting`. */
  readonly chains: readonly Chain[];
}

const judged = { forward: [`-j ${chains.egress}`, `-j ${chains.ingress}`], input: [`-j ${chains.egress}`] } as const;

/**
 * Packets that are not of a bridge port, no tree leads to a NIC. Those that the host routes for a VM came in by one.
 *
 * Who sends in the name of somebody else does not come as far as `filter`. What is inside an allowed connection does not even
 * come to our chains there, which costs it less than to be sent back; but it does while flows are to be stopped, and is
 * judged by that first. An allowed packet returns to the built-in chain: rules that others have placed after ours keep their
 * say.
 */
function renderEntry(hasRevoked: boolean): Entry {
  const states = '--ctstate RELATED,ESTABLISHED';
  const jump = hasRevoked ? '-j' : `-m conntrack ! ${states} -j`;
  const first = (revoked: string) => (hasRevoked ? [revoked, `-m conntrack ${states} -j RETURN`] : []);
  const filter = (name: string, rules: readonly string[]): Chain => ({ table: 'filter', name, rules });
  return {
    hooks: [
      { table: 'raw', chain: 'PREROUTING', rule: `-j ${chains.prerouting}` },
      { table: 'filter', chain: 'INPUT', rule: `${jump} ${chains.input}` },
      { table: 'filter', chain: 'FORWARD', rule: `${jump} ${chains.forward}` },
    ],
    chains: [
      filter(chains.forward, [...first(revokedInForward), ...judged.forward, clearMark]),
      filter(chains.input, [...first(revokedInInput), ...judged.input, clearMark]),
      allowChain,
    ],
  };
}

export const calmEntry = renderEntry(false);
export const stoppingEntry = renderEntry(true);
