import { isOwnChain } from '@portcullis/ruleset';
import type { Enforcement } from '../apply/enforcement.js';
import type { KernelTools } from '../kernel/kernel-tools.js';
import type { RuleHits } from './rule-hits.js';

export interface HitWatchOptions {
  readonly tools: KernelTools;
  readonly enforcement: Enforcement;
  readonly hits: RuleHits;
  readonly onError: (error: unknown) => void;
}

/**
 * Reads now and then what the chains of groups, and the sets of their CIDRs, have counted, beside everything else: nobody waits for it. A reading that a
 * write has made fail, because a chain went meanwhile, is made again the next time.
 */
export class HitWatch {
  readonly #options: HitWatchOptions;
  #isReading = false;

  constructor(options: HitWatchOptions) {
    this.#options = options;
  }

  async read(): Promise<void> {
    const { tools, enforcement, hits, onError } = this.#options;
    const { inForce: firewall, writeCount } = enforcement;
    if (this.#isReading || firewall === undefined) return;
    this.#isReading = true;
    try {
      const ruleIds = { 4: firewall[4].ruleIds, 6: firewall[6].ruleIds };
      const read = async (family: 4 | 6) => {
        const names = [...ruleIds[family].keys()];
        const chains = names.filter(isOwnChain);
        // While one is on its way into the kernel, there is nothing to read yet.
        const sets = names
          .filter((name) => !isOwnChain(name))
          .flatMap((name) => enforcement.placeOf(family, name) ?? []);
        const [ofChains, ofSets] = await Promise.all([
          chains.length === 0 ? [] : tools.countHits(family, chains),
          sets.length === 0 ? [] : tools.countMemberHits(sets),
        ]);
        return [...ofChains, ...ofSets];
      };
      const [counters4, counters6] = await Promise.all([read(4), read(6)]);
      hits.take({ counters: { 4: counters4, 6: counters6 }, ruleIds, at: new Date() });
    } catch (error) {
      if (writeCount === enforcement.writeCount) onError(error);
    } finally {
      this.#isReading = false;
    }
  }
}
