import type { HostState } from '@portcullis/compile';
import type { Family } from '@portcullis/model';
import { type DropLog, defaultDropLog } from './drop-log.js';
import { type FamilyRules, FamilyRulesRenderer } from './family-rules.js';
import type { FrameFilter } from './frame-filter.js';
import type { RevokedFlows } from './revoked-chains.js';
import { SetMembers } from './set-members.js';
import { StructureRenderer } from './structure.js';

/** What the kernel is to hold for one family: structure in chains, members in sets. */
export interface FamilyFirewall extends Pick<FamilyRules, 'hooks' | 'chains' | 'ruleIds'> {
  /** Members by set name without slot. */
  readonly sets: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Firewall extends Readonly<Record<Family, FamilyFirewall>> {
  readonly frames: FrameFilter;
}

/**
 * Renders all that the kernel of one host is to hold, in three parts, each the smallest that a change of its kind touches:
 * what follows from NICs (structure.ts), what groups add to it (family-rules.ts), and members of sets (set-members.ts).
 *
 * Invariant: the same state gives the same chains and sets, whatever was rendered before. Parts that were rendered before
 * are taken again while the objects of the state are the same ones.
 */
export class FirewallRenderer {
  readonly #structure: StructureRenderer;
  readonly #rules = { 4: new FamilyRulesRenderer(4), 6: new FamilyRulesRenderer(6) };
  readonly #members = new SetMembers();

  constructor(dropLog: DropLog = defaultDropLog) {
    this.#structure = new StructureRenderer(dropLog);
  }

  /** `closed` names NICs that get a deny-all stand-in. */
  render(state: HostState, closed: ReadonlySet<string> = new Set(), revoked: RevokedFlows = []): Firewall {
    const { nics, groups } = state;
    const { frames, ...structure } = this.#structure.render(nics, closed);
    const renderFamily = (family: Family): FamilyFirewall => {
      const rules = this.#rules[family].render({ structure: structure[family], nics, groups, revoked });
      const { hooks, chains, ruleIds } = rules;
      return { hooks, chains, sets: this.#setsOf(rules, state, family), ruleIds };
    };
    return { 4: renderFamily(4), 6: renderFamily(6), frames };
  }

  #setsOf(rules: FamilyRules, state: HostState, family: Family): FamilyFirewall['sets'] {
    const sets = new Map(rules.ownSets);
    for (const [set, key] of rules.memberSets) {
      sets.set(set, this.#members.ofAddresses(state.memberSets.get(key))[family]);
    }
    for (const [set, addressGroup] of rules.addressGroupSets) {
      sets.set(set, this.#members.ofCidrs(state.addressGroups.get(addressGroup))[family]);
    }
    return sets;
  }
}
