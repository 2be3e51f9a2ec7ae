import { isOwnChain, withoutSlots } from './names.js';

/** How often one kernel rule has matched since it is in its chain, or one member of a set since it is in the set. */
export interface RuleCounter {
  /** Or the set, with its slot. */
  readonly chain: string;
  /** As in a `Chain`: sets are named without their slot. Or the member. */
  readonly rule: string;
  readonly packets: number;
  readonly bytes: number;
}

const counted = /^-A (\S+) (.*)-c (\d+) (\d+) (-[jg] .*)$/;

/** Reads what `iptables -v -S CHAIN` printed. Rules without a target, and those of chains that are not ours, are left out. */
export function parseRuleCounters(text: string): RuleCounter[] {
  return text.split('\n').flatMap((line) => {
    const [, chain = '', matches = '', packets, bytes, target] = counted.exec(line) ?? [];
    if (!isOwnChain(chain)) return [];
    return [{ chain, rule: withoutSlots(`${matches}${target}`), packets: Number(packets), bytes: Number(bytes) }];
  });
}

/** Reads what `ipset save` printed of sets that count for each member. */
export function parseMemberCounters(text: string): RuleCounter[] {
  return [...text.matchAll(/^add (\S+) (\S+) packets (\d+) bytes (\d+)$/gm)].map(
    ([, chain = '', rule = '', packets, bytes]) => ({ chain, rule, packets: Number(packets), bytes: Number(bytes) }),
  );
}
