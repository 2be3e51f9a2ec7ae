import { isDeepStrictEqual } from 'node:util';
import type { HostGroup, HostState } from '@portcullis/compile';
import type { Family } from '@portcullis/model';
import type { Chain, HookRule } from './chain.js';
import { calmEntry, stoppingEntry } from './entry-chains.js';
import { type GroupChain, type RuleIds, renderGroupChain } from './group-chain.js';
import { type RevokedFlows, renderRevoked } from './revoked-chains.js';
import type { GroupUse, Structure } from './structure.js';

/** All of one family's rules, and which sets they name. */
export interface FamilyRules {
  readonly hooks: readonly HookRule[];
  /** By name. */
  readonly chains: ReadonlyMap<string, Chain>;
  /** By name of a group's chain, or of a set of CIDRs. */
  readonly ruleIds: ReadonlyMap<string, RuleIds>;
  /** Key of the members by name of a set. */
  readonly memberSets: ReadonlyMap<string, string>;
  /** Address group by name of a set. */
  readonly addressGroupSets: ReadonlyMap<string, string>;
  /** Members that follow from the rules themselves, by name of a set: CIDRs, and what is revoked. */
  readonly ownSets: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What rules follow from. Members of remote groups and address groups are no part of it. */
interface RulesOrigin extends Pick<HostState, 'nics' | 'groups'> {
  /** Of these NICs. */
  readonly structure: Structure;
  readonly revoked: RevokedFlows;
}

/** What the rules that were rendered last followed from, and they themselves. */
interface Rendered extends RulesOrigin {
  /** What groups bring, by name of a group's chain. */
  readonly groupChains: ReadonlyMap<string, GroupChain>;
  readonly rules: FamilyRules;
}

/**
 * Renders the rules of one family: the structure (structure.ts), what its groups allow (group-chain.ts), what is revoked
 * (revoked-chains.ts), and the way in (entry-chains.ts).
 *
 * Owns: the last rules, and what each group brings to them.
 * Does not own: members of the sets that rules name (SetMembers).
 * Invariant: while nothing but members of remote groups and address groups changes, and nothing that is about the family,
 * the rules are the same ones, as objects: nobody then looks for what is different.
 */
export class FamilyRulesRenderer {
  readonly #family: Family;
  readonly #groups = new WeakMap<HostGroup, Map<string, GroupChain>>();
  #last: Rendered | undefined;

  constructor(family: Family) {
    this.#family = family;
  }

  render(origin: RulesOrigin): FamilyRules {
    const last = this.#last;
    const groupChains = this.#groupChainsOf(origin);
    const isSame =
      last?.structure === origin.structure &&
      isSameRevoked(last.revoked, origin.revoked) &&
      areSameChains(last.groupChains, groupChains);
    const rules = isSame ? last.rules : this.#renderRules(origin, groupChains);
    this.#last = { ...origin, groupChains, rules };
    return rules;
  }

  #renderRules({ structure, nics, revoked }: RulesOrigin, groupChains: Rendered['groupChains']): FamilyRules {
    const all = new Map(structure.chains);
    const ruleIds = new Map<string, RuleIds>();
    const memberSets = new Map<string, string>();
    const addressGroupSets = new Map<string, string>();
    const stopping = renderRevoked(revoked, nics, this.#family);
    const ownSets = new Map<string, ReadonlySet<string>>(stopping?.sets ?? []);
    const entry = stopping === undefined ? calmEntry : stoppingEntry;
    for (const chain of [...entry.chains, ...(stopping?.chains ?? [])]) all.set(chain.name, chain);
    for (const made of groupChains.values()) {
      for (const chain of made.chains) {
        all.set(chain.name, chain);
        ruleIds.set(chain.name, made.ruleIds);
      }
      for (const { set, key } of made.memberSets) memberSets.set(set, key);
      for (const { set, addressGroup } of made.addressGroupSets) addressGroupSets.set(set, addressGroup);
      for (const cidrSet of made.cidrSets) {
        ownSets.set(cidrSet.set, cidrSet.members);
        ruleIds.set(cidrSet.set, cidrSet.ruleIds);
      }
    }
    return { hooks: entry.hooks, chains: all, ruleIds, memberSets, addressGroupSets, ownSets };
  }

  #groupChainsOf({ structure, groups }: RulesOrigin): Rendered['groupChains'] {
    const last = this.#last;
    if (last?.structure === structure && last.groups === groups) return last.groupChains;
    const made = new Map<string, GroupChain>();
    for (const [name, use] of structure.groupUses) {
      const group = groups.get(use.group);
      if (group !== undefined) made.set(name, this.#groupChain(group, name, use));
    }
    return made;
  }

  /** Of a group that has changed, the same as the last one where the change says nothing about the family. */
  #groupChain(group: HostGroup, name: string, use: GroupUse): GroupChain {
    const cached = this.#groups.get(group) ?? new Map<string, GroupChain>();
    this.#groups.set(group, cached);
    const known = cached.get(name);
    if (known !== undefined) return known;
    const fresh = renderGroupChain(group, { ...use, family: this.#family });
    const last = this.#last?.groupChains.get(name);
    const made = last !== undefined && isDeepStrictEqual(last, fresh) ? last : fresh;
    cached.set(name, made);
    return made;
  }
}

function isSameRevoked(left: RevokedFlows, right: RevokedFlows): boolean {
  return left === right || left.length + right.length === 0;
}

function areSameChains(left: Rendered['groupChains'], right: Rendered['groupChains']): boolean {
  if (left === right) return true;
  return left.size === right.size && [...right].every(([name, each]) => left.get(name) === each);
}
