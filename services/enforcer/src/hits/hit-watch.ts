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
 * Reads now and then what the chains of groups have counted, beside everything else: nobody waits for it. A reading that a
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
      const read = (family: 4 | 6) =>
        ruleIds[family].size === 0 ? [] : tools.countHits(family, [...ruleIds[family].keys()]);
      const [counters4, counters6] = await Promise.all([read(4), read(6)]);
      hits.take({ counters: { 4: counters4, 6: counters6 }, ruleIds, at: new Date() });
    } catch (error) {
      if (writeCount === enforcement.writeCount) onError(error);
    } finally {
      this.#isReading = false;
    }
  }
}
