import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { enforceV1 } from '@portcullis/api';
import type { Family } from '@portcullis/model';
import { parseSlottedName, type RuleCounter, type RuleIds } from '@portcullis/ruleset';

/** What both families have counted at one time, and which rules stand behind the chains and sets that were read. */
export interface HitReading {
  readonly counters: Readonly<Record<Family, readonly RuleCounter[]>>;
  readonly ruleIds: Readonly<Record<Family, ReadonlyMap<string, RuleIds>>>;
  readonly at: Date;
}

interface Count {
  readonly packets: number;
  readonly bytes: number;
}

interface Total extends Count {
  readonly lastHitAt: Date;
}

/** Rules in one call of Report. */
export const maxRulesPerReport = 2000;

/**
 * How much each rule has let pass since the first reading.
 *
 * Owns: totals by rule, the kernel's counters as they were read last, and what the dispatcher has not been told.
 * Does not own: when to read.
 * Invariants: 1. A total never falls, whatever becomes of the kernel's counters: one that is lower than before began anew.
 * 2. What a kernel rule counts, every rule counts that it stands for. 3. Bounded by the rules in force and those untold.
 */
export class RuleHits {
  #last: ReadonlyMap<string, Count> | undefined;
  readonly #totals = new Map<string, Total>();
  readonly #untold = new Set<string>();
  #telling = new Map<string, Total>();
  /** When the first reading was taken. */
  countedSince: Date | undefined;

  take({ counters, ruleIds, at }: HitReading): void {
    const read = new Map<string, Count>();
    const added = new Map<string, Count>();
    for (const family of [4, 6] as const) {
      for (const { chain, rule, ...count } of counters[family]) {
        const key = `${family} ${chain} ${rule}`;
        read.set(key, count);
        // What was counted before the first reading is not known to be new.
        const more = this.#last === undefined ? nothing : difference(this.#last.get(key), count);
        if (more.packets === 0) continue;
        const ids = ruleIds[family].get(parseSlottedName(chain)?.name ?? chain);
        for (const id of ids?.get(rule) ?? []) added.set(id, sum(added.get(id), more));
      }
    }
    for (const [id, count] of added) {
      this.#totals.set(id, { ...sum(this.#totals.get(id), count), lastHitAt: at });
      this.#untold.add(id);
    }
    this.#last = read;
    this.countedSince ??= at;
    this.#forget(ruleIds);
  }

  /** What the dispatcher has not been told; `taken` says that it was. */
  next(): enforceV1.RuleHits[] {
    const rules = [...this.#untold].slice(0, maxRulesPerReport);
    this.#telling = new Map(rules.flatMap((rule) => [[rule, this.#totals.get(rule)] as const]).filter(isKnown));
    return [...this.#telling].map(([rule, { packets, bytes, lastHitAt }]) =>
      create(enforceV1.RuleHitsSchema, {
        rule,
        packets: BigInt(packets),
        bytes: BigInt(bytes),
        lastHitTime: timestampFromDate(lastHitAt),
      }),
    );
  }

  taken(): void {
    for (const [rule, total] of this.#telling) if (this.#totals.get(rule) === total) this.#untold.delete(rule);
  }

  /** Another dispatcher knows nothing yet. */
  tellAgain(): void {
    for (const rule of this.#totals.keys()) this.#untold.add(rule);
    this.#telling.clear();
  }

  #forget(ruleIds: HitReading['ruleIds']): void {
    const inForce = new Set(
      ([4, 6] as const).flatMap((family) => [...ruleIds[family].values()].flatMap((ids) => [...ids.values()].flat())),
    );
    for (const id of this.#totals.keys()) if (!inForce.has(id) && !this.#untold.has(id)) this.#totals.delete(id);
  }
}

const nothing: Count = { packets: 0, bytes: 0 };

function difference(before: Count | undefined, now: Count): Count {
  if (before === undefined || now.packets < before.packets) return now;
  return { packets: now.packets - before.packets, bytes: now.bytes - before.bytes };
}

function sum(a: Count = nothing, b: Count): Count {
  return { packets: a.packets + b.packets, bytes: a.bytes + b.bytes };
}

function isKnown(entry: readonly [string, Total | undefined]): entry is readonly [string, Total] {
  return entry[1] !== undefined;
}
