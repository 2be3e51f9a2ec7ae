import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { enforceV1 } from '@portcullis/api';

/** How often a rule let a connection begin. */
export interface Hits {
  readonly packets: bigint;
  readonly bytes: bigint;
  /** Undefined where there was none. */
  readonly lastHitAt: Date | undefined;
}

/** What one host said of one rule, since its enforcer began to count. */
interface HostHits extends Hits {
  readonly since: number;
}

interface RuleRecord {
  /** What hosts said before they began anew. */
  earlier: Hits;
  readonly byHost: Map<string, HostHits>;
}

const none: Hits = { packets: 0n, bytes: 0n, lastHitAt: undefined };

/** Rules that are gone are looked for when there are twice as many as were left the last time, and so many more. */
const leastGrowth = 1000;

/**
 * What hosts have counted.
 *
 * Owns: sums by rule and host, in memory.
 * Does not own: which rules a host may speak of, and which exist.
 * Invariants: 1. Told twice counts once: hosts tell totals. 2. A sum never falls while the rule exists, also when a host
 * begins anew or enforces the rule no more. 3. Bounded by the rules that exist.
 */
export class RuleHitCounts {
  readonly #rules = new Map<string, RuleRecord>();
  #pruneAt = leastGrowth;

  /** `since`: when the enforcer of the host began to count. */
  take(host: string, since: Date, { rule, packets, bytes, lastHitTime }: enforceV1.RuleHits): void {
    const record = this.#rules.get(rule) ?? { earlier: none, byHost: new Map() };
    this.#rules.set(rule, record);
    const before = record.byHost.get(host);
    // An enforcer that began anew counts from 0, as does one that had forgotten a rule meanwhile.
    if (before !== undefined && (before.since !== since.getTime() || packets < before.packets)) {
      record.earlier = sum([record.earlier, before]);
    }
    const lastHitAt = lastHitTime && new Date(timestampMs(lastHitTime));
    record.byHost.set(host, { packets, bytes, lastHitAt, since: since.getTime() });
  }

  /** Of all hosts. */
  ofRule(rule: string): Hits {
    const record = this.#rules.get(rule);
    return record === undefined ? none : sum([record.earlier, ...record.byHost.values()]);
  }

  /** Of one host since its enforcer began to count. */
  ofRuleOnHost(rule: string, host: string): Hits {
    return this.#rules.get(rule)?.byHost.get(host) ?? none;
  }

  /** Forgets rules that are gone, now and then. */
  prune(exists: (rule: string) => boolean): void {
    if (this.#rules.size < this.#pruneAt) return;
    for (const rule of this.#rules.keys()) if (!exists(rule)) this.#rules.delete(rule);
    this.#pruneAt = 2 * this.#rules.size + leastGrowth;
  }
}

function sum(all: readonly Hits[]): Hits {
  const later = (a: Date | undefined, b: Date | undefined) => (a === undefined || (b !== undefined && b > a) ? b : a);
  return all.reduce(
    (total, { packets, bytes, lastHitAt }) => ({
      packets: atMost(total.packets + packets),
      bytes: atMost(total.bytes + bytes),
      lastHitAt: later(total.lastHitAt, lastHitAt),
    }),
    none,
  );
}

/** The largest number that a message can say. */
const maxInt64 = 2n ** 63n - 1n;

function atMost(count: bigint): bigint {
  return count < maxInt64 ? count : maxInt64;
}
