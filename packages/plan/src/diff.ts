import type { Family } from '@portcullis/model';
import type { TableName } from '@portcullis/ruleset';

/** One change of a rule or, where `rule` is empty, of a chain. */
export interface RuleChange {
  /** 2 for the frames of a bridge: what ebtables holds. */
  readonly family: Family | 2;
  /** `nat` for frames. */
  readonly table: TableName | 'nat';
  readonly chain: string;
  readonly kind: 'added' | 'removed';
  /** As iptables-save, or ebtables-save, prints it, after `-A NAME `. */
  readonly rule: string;
  /** Place in the chain, from 1; 0 for a chain. Of a removed rule before the change, of an added rule after it. */
  readonly position: number;
}

/** One change of a member or, where `member` is empty, of a set. */
export interface SetChange {
  readonly family: Family;
  readonly set: string;
  readonly kind: 'added' | 'removed';
  readonly member: string;
}

/** What a plan changes. Replayed in order from empty, the diffs of a host give its chains and sets. */
export interface Diff {
  readonly rules: readonly RuleChange[];
  readonly sets: readonly SetChange[];
}

/** One change inside one chain. */
export interface RuleDiff {
  readonly kind: 'added' | 'removed';
  readonly rule: string;
  readonly position: number;
}

/** Whether a chain that held rules, or was not there, holds these. */
export function areSameRules(old: readonly string[] | undefined, rules: readonly string[]): boolean {
  if (old === rules) return true;
  return old?.length === rules.length && old.every((rule, index) => rule === rules[index]);
}

/** How one chain changes, rule by rule: removals from the last to the first, then additions from the first to the last. */
export function diffRules(before: readonly string[], after: readonly string[]): RuleDiff[] {
  const wanted = new Map<string, number>();
  for (const rule of after) wanted.set(rule, (wanted.get(rule) ?? 0) + 1);
  const kept: string[] = [];
  const removed: RuleDiff[] = [];
  before.forEach((rule, index) => {
    const count = wanted.get(rule) ?? 0;
    wanted.set(rule, count - 1);
    if (count > 0) kept.push(rule);
    else removed.push({ kind: 'removed', rule, position: index + 1 });
  });
  const added: RuleDiff[] = [];
  let next = 0;
  after.forEach((rule, index) => {
    if (kept[next] === rule) next += 1;
    else added.push({ kind: 'added', rule, position: index + 1 });
  });
  if (next === kept.length) return [...removed.reverse(), ...added];
  // What stays has another order: everything is written anew.
  const all = (kind: RuleDiff['kind'], rules: readonly string[]) =>
    rules.map((rule, index): RuleDiff => ({ kind, rule, position: index + 1 }));
  return [...all('removed', before).reverse(), ...all('added', after)];
}
