import type { HostNic } from '@portcullis/compile';
import type { KernelTools } from '../kernel/kernel-tools.js';
import type { Conditions } from './conditions.js';

/**
 * Looks whether a bridge learns where a sender is from frames that no rule of netfilter sees: those to link-local groups. A VM
 * could then have it send the frames of another MAC its way, anti-spoofing or not.
 *
 * Owns: the condition that says so. Does not own: when to look; the bridge, which others have made.
 */
export class BridgeLearning {
  readonly #tools: KernelTools;
  readonly #conditions: Conditions;

  constructor({ tools, conditions }: { tools: KernelTools; conditions: Conditions }) {
    this.#tools = tools;
    this.#conditions = conditions;
  }

  /** Of the bridges that bindings of NICs with anti-spoofing name. Where the kernel cannot be asked, what was said last stays. */
  async look(nics: Iterable<HostNic>): Promise<void> {
    const named = new Set([...nics].flatMap(({ antiSpoofing, bridge }) => (antiSpoofing && bridge ? [bridge] : [])));
    const learning = named.size === 0 ? new Set<string>() : await this.#tools.learningBridges().catch(() => undefined);
    if (learning === undefined) return;
    const found = [...named].filter((bridge) => learning.has(bridge)).toSorted();
    this.#conditions.set('BRIDGE_LEARNS_UNSEEN', found.length === 0 ? undefined : messageFor(found));
  }
}

const maxNamed = 5;

function messageFor(bridges: readonly string[]): string {
  const [first] = bridges;
  const others = bridges.length > maxNamed ? ` and ${bridges.length - maxNamed} more` : '';
  return `${bridges.slice(0, maxNamed).join(', ')}${others}: a VM can take the frames of another MAC by a frame to a link-local group; ip link set ${first} type bridge no_linklocal_learn 1`;
}
