import type { Family, Rule } from '@portcullis/model';
import { networkMembers, requiredCidr } from './kernel-address.js';
import { cidrSetName } from './names.js';

/**
 * From how many on rules that differ by their CIDR only are one kernel rule and a set. `npm run bench -- cidrs`: to a packet a
 * set is cheaper from 8 on with nft, and from some 50 on with legacy, where a list of 16 costs 3 % less.
 */
const leastInSet = 16;

/** Rules that differ by their CIDR only. */
export interface CidrSet {
  /** Its name without a slot. */
  readonly set: string;
  /** One of the rules, without its CIDR. */
  readonly rule: Rule;
  readonly members: ReadonlySet<string>;
  /** The ids of the rules by the member that stands for them; several where they are the same rule to the kernel. */
  readonly ruleIds: ReadonlyMap<string, readonly string[]>;
}

/** Of the rules of a chain those that many differ from by their CIDR only, and the rest. `textOf` says one to the kernel. */
export function gatherCidrSets(
  rules: readonly Rule[],
  { chain, family, textOf }: { chain: string; family: Family; textOf: (rule: Rule) => string },
): { readonly cidrSets: readonly CidrSet[]; readonly others: readonly Rule[] } {
  const alike = new Map<
    string,
    { readonly rule: Rule; readonly own: Rule[]; readonly ruleIds: Map<string, string[]> }
  >();
  const others: Rule[] = [];
  for (const each of rules) {
    const { cidr, ...rule } = each;
    const [member, half] = cidr === undefined ? [] : networkMembers(requiredCidr(cidr));
    // Everything of a family is no part of a set: the rule is one without a CIDR.
    if (member === undefined || half !== undefined) {
      others.push(each);
      continue;
    }
    const text = textOf(rule);
    const found = alike.get(text) ?? { rule, own: [] as Rule[], ruleIds: new Map<string, string[]>() };
    alike.set(text, found);
    found.own.push(each);
    found.ruleIds.set(member, [...(found.ruleIds.get(member) ?? []), rule.id]);
  }
  const cidrSets: CidrSet[] = [];
  for (const [text, { rule, own, ruleIds }] of alike) {
    if (ruleIds.size < leastInSet) others.push(...own);
    else cidrSets.push({ set: cidrSetName(chain, text, family), rule, members: new Set(ruleIds.keys()), ruleIds });
  }
  return { cidrSets, others };
}
