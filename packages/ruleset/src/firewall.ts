import { isIPv4 } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { HostAddressGroup, HostGroup, HostNic, HostState, MemberSet } from '@portcullis/compile';
import type { Direction, Family } from '@portcullis/model';
import type { Chain, HookRule } from './chain.js';
import { type DispatchTarget, renderDispatch } from './dispatch.js';
import { type DropLog, defaultDropLog } from './drop-log.js';
import { type FrameFilter, renderFrames } from './frame-filter.js';
import { type GroupChain, type RuleIds, renderGroupChain } from './group-chain.js';
import { kernelAddress, networkMembers, requiredCidr } from './kernel-address.js';
import { chains, groupChain, type NicChainUse, nicChainUses } from './names.js';
import { allowChain, clearMark, renderClosedNic, renderNicChains } from './nic-chains.js';
import { renderPrerouting } from './prerouting.js';
import { type RevokedFlows, renderRevoked, revokedInForward, revokedInInput } from './revoked-chains.js';

/** What the kernel is to hold for one family: structure in chains, members in sets. */
export interface FamilyFirewall {
  readonly hooks: readonly HookRule[];
  /** By name. */
  readonly chains: ReadonlyMap<string, Chain>;
  /** Members by set name without slot. */
  readonly sets: ReadonlyMap<string, ReadonlySet<string>>;
  /** By name of a group's chain, or of a set of CIDRs. */
  readonly ruleIds: ReadonlyMap<string, RuleIds>;
}

export interface Firewall extends Readonly<Record<Family, FamilyFirewall>> {
  readonly frames: FrameFilter;
}

/** Packets that are not of a bridge port, no tree leads to a NIC. Those that the host routes for a VM came in by one. */
export const hooks: readonly HookRule[] = [
  { table: 'raw', chain: 'PREROUTING', rule: `-j ${chains.prerouting}` },
  { table: 'filter', chain: 'INPUT', rule: `-j ${chains.input}` },
  { table: 'filter', chain: 'FORWARD', rule: `-j ${chains.forward}` },
];

const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN';

const entries: Readonly<Record<'forward' | 'input', { readonly revoked: string; readonly judged: readonly string[] }>> =
  {
    forward: { revoked: revokedInForward, judged: [`-j ${chains.egress}`, `-j ${chains.ingress}`] },
    input: { revoked: revokedInInput, judged: [`-j ${chains.egress}`] },
  };

/**
 * Who sends in the name of somebody else does not come as far as here. Inside allowed connections it is judged first what of
 * them is revoked, if anything is. An allowed packet returns to the built-in chain: rules that others have placed after ours
 * keep their say.
 */
function renderEntryChains(hasRevoked: boolean): readonly Chain[] {
  const entry = (name: keyof typeof entries): Chain => {
    const { revoked, judged } = entries[name];
    const rules = [...(hasRevoked ? [revoked] : []), established, ...judged, clearMark];
    return { table: 'filter', name: chains[name], rules };
  };
  return [entry('forward'), entry('input'), allowChain];
}

const calmEntryChains = renderEntryChains(false);
const stoppingEntryChains = renderEntryChains(true);

function entryChains(hasRevoked: boolean): readonly Chain[] {
  return hasRevoked ? stoppingEntryChains : calmEntryChains;
}

/** A group's chain that chains of NICs jump to. */
interface GroupUse {
  readonly group: string;
  readonly direction: Direction;
  readonly routingDomain: string;
}

/** What one NIC brings: its own chains, and by name the group chains they jump to. */
interface NicParts {
  readonly chains: { readonly [use in NicChainUse]?: Chain };
  readonly groupUses: ReadonlyMap<string, GroupUse>;
}

/** All that follows from the NICs alone. */
interface Structure {
  readonly chains: ReadonlyMap<string, Chain>;
  readonly groupUses: ReadonlyMap<string, GroupUse>;
}

/** All of one family's rules, and which sets they name. */
interface FamilyRules extends Pick<FamilyFirewall, 'chains' | 'ruleIds'> {
  /** Key of the members by name of a set. */
  readonly memberSets: ReadonlyMap<string, string>;
  /** Address group by name of a set. */
  readonly addressGroupSets: ReadonlyMap<string, string>;
  /** Members that follow from the rules themselves, by name of a set: CIDRs, and what is revoked. */
  readonly ownSets: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What rules follow from. */
interface RulesOrigin extends Pick<HostState, 'nics' | 'groups'> {
  readonly structure: Structure;
  /** What groups bring, by name of a group's chain. */
  readonly groupChains: ReadonlyMap<string, GroupChain>;
  readonly revoked: RevokedFlows;
}

function isSameOrigin(left: RulesOrigin, right: RulesOrigin): boolean {
  const isSameRevoked = left.revoked === right.revoked || left.revoked.length + right.revoked.length === 0;
  if (left.structure !== right.structure || !isSameRevoked) return false;
  if (left.groupChains === right.groupChains) return true;
  const { size } = right.groupChains;
  return (
    left.groupChains.size === size && [...right.groupChains].every(([k, each]) => left.groupChains.get(k) === each)
  );
}

type Structures = Readonly<Record<Family, Structure>> & { readonly frames: FrameFilter };

/** Parts that were rendered before are taken again while the objects of the state are the same ones. */
export class FirewallRenderer {
  readonly #dropLog: DropLog;
  readonly #nics = new WeakMap<HostNic, Map<Family, NicParts>>();
  readonly #groups = new WeakMap<HostGroup, Map<string, GroupChain>>();
  readonly #cidrs = new WeakMap<HostAddressGroup, Record<Family, ReadonlySet<string>>>();
  readonly #members = new WeakMap<MemberSet, Record<Family, ReadonlySet<string>>>();
  readonly #addressTexts = new Map<string, string>();
  readonly #lastRules: { [family in Family]?: { readonly origin: RulesOrigin; readonly rules: FamilyRules } } = {};
  #lastStructure: (Structures & { nics: HostState['nics']; closed: ReadonlySet<string> }) | undefined;

  constructor(dropLog: DropLog = defaultDropLog) {
    this.#dropLog = dropLog;
  }

  /** `closed` names NICs that get a deny-all stand-in. */
  render(state: HostState, closed: ReadonlySet<string> = new Set(), revoked: RevokedFlows = []): Firewall {
    const structure = this.#structureOf(state.nics, closed);
    return {
      4: this.#renderFamily({ state, revoked }, structure[4], 4),
      6: this.#renderFamily({ state, revoked }, structure[6], 6),
      frames: structure.frames,
    };
  }

  #renderFamily(
    { state, revoked }: { state: HostState; revoked: RevokedFlows },
    structure: Structure,
    family: Family,
  ): FamilyFirewall {
    const groupChains = this.#groupChainsOf(structure, state.groups, family);
    const { nics, groups } = state;
    const rules = this.#rulesOf({ nics, groups, structure, groupChains, revoked }, family);
    const sets = new Map(rules.ownSets);
    for (const [set, key] of rules.memberSets) sets.set(set, this.#membersOf(state.memberSets.get(key), family));
    for (const [set, addressGroup] of rules.addressGroupSets) {
      sets.set(set, this.#cidrsOf(state.addressGroups.get(addressGroup), family));
    }
    return { hooks, chains: rules.chains, sets, ruleIds: rules.ruleIds };
  }

  /** The same as the last ones where nothing but members has changed since: nobody then looks for what is different. */
  #rulesOf(origin: RulesOrigin, family: Family): FamilyRules {
    const last = this.#lastRules[family];
    const rules =
      last !== undefined && isSameOrigin(last.origin, origin) ? last.rules : this.#renderRules(origin, family);
    this.#lastRules[family] = { origin, rules };
    return rules;
  }

  #renderRules({ structure, groupChains, nics, revoked }: RulesOrigin, family: Family): FamilyRules {
    const all = new Map(structure.chains);
    const ruleIds = new Map<string, RuleIds>();
    const memberSets = new Map<string, string>();
    const addressGroupSets = new Map<string, string>();
    const stopping = renderRevoked(revoked, nics, family);
    const ownSets = new Map<string, ReadonlySet<string>>(stopping?.sets ?? []);
    for (const chain of [...entryChains(stopping !== undefined), ...(stopping?.chains ?? [])])
      all.set(chain.name, chain);
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
    return { chains: all, ruleIds, memberSets, addressGroupSets, ownSets };
  }

  #structureOf(nics: HostState['nics'], closed: ReadonlySet<string>): Structures {
    const last = this.#lastStructure;
    if (last?.nics === nics && last.closed.size === closed.size && [...closed].every((id) => last.closed.has(id))) {
      return last;
    }
    const structures = {
      4: this.#renderStructure(nics, closed, 4),
      6: this.#renderStructure(nics, closed, 6),
      frames: renderFrames(nics.values(), closed),
    };
    this.#lastStructure = { nics, closed, ...structures };
    return structures;
  }

  #renderStructure(nics: HostState['nics'], closed: ReadonlySet<string>, family: Family): Structure {
    const all = new Map<string, Chain>();
    const groupUses = new Map<string, GroupUse>();
    const targets: Record<'ingress' | 'egress' | 'spoofing', DispatchTarget[]> = {
      ingress: [],
      egress: [],
      spoofing: [],
    };
    for (const nic of nics.values()) {
      const isClosed = closed.has(nic.id);
      const parts = isClosed ? closedParts(nic) : this.#nicParts(nic, family);
      for (const use of nicChainUses) {
        const chain = parts.chains[use];
        if (chain === undefined) continue;
        all.set(chain.name, chain);
        if (use === 'discovery' || use === 'spoofed') continue;
        const { interfaceName } = nic;
        targets[use].push({ interfaceName, addresses: isClosed ? [] : nic.addresses, chain: chain.name });
      }
      for (const [name, use] of parts.groupUses) groupUses.set(name, use);
    }
    for (const chain of [
      ...renderDispatch(chains.source, 'from', { targets: targets.spoofing, family, table: 'raw' }),
      ...renderDispatch(chains.egress, 'from', { targets: targets.egress, family }),
      ...renderDispatch(chains.ingress, 'to', { targets: targets.ingress, family }),
      ...renderPrerouting(nics.values()),
    ]) {
      all.set(chain.name, chain);
    }
    return { chains: all, groupUses };
  }

  #nicParts(nic: HostNic, family: Family): NicParts {
    const cached = this.#nics.get(nic) ?? new Map<Family, NicParts>();
    this.#nics.set(nic, cached);
    const parts = cached.get(family) ?? renderNicParts(nic, family, this.#dropLog);
    cached.set(family, parts);
    return parts;
  }

  #groupChainsOf(structure: Structure, groups: HostState['groups'], family: Family): RulesOrigin['groupChains'] {
    const last = this.#lastRules[family]?.origin;
    if (last?.structure === structure && last.groups === groups) return last.groupChains;
    const made = new Map<string, GroupChain>();
    for (const [name, use] of structure.groupUses) {
      const group = groups.get(use.group);
      if (group !== undefined) made.set(name, this.#groupChain(group, name, { ...use, family }));
    }
    return made;
  }

  /** Of a group that has changed, the same as the last one where the change says nothing about the family. */
  #groupChain(group: HostGroup, name: string, of: GroupUse & { family: Family }): GroupChain {
    const cached = this.#groups.get(group) ?? new Map<string, GroupChain>();
    this.#groups.set(group, cached);
    const key = `${of.family} ${name}`;
    const known = cached.get(key);
    if (known !== undefined) return known;
    const [fresh, last] = [renderGroupChain(group, of), this.#lastRules[of.family]?.origin.groupChains.get(name)];
    const made = last !== undefined && isDeepStrictEqual(last, fresh) ? last : fresh;
    cached.set(key, made);
    return made;
  }

  #membersOf(members: MemberSet | undefined, family: Family): ReadonlySet<string> {
    if (members === undefined) return emptySet;
    const cached = this.#members.get(members) ?? splitFamilies(members.addresses, this.#addressTexts);
    this.#members.set(members, cached);
    return cached[family];
  }

  #cidrsOf(group: HostAddressGroup | undefined, family: Family): ReadonlySet<string> {
    if (group === undefined) return emptySet;
    const cached = this.#cidrs.get(group) ?? splitCidrs(group.cidrs);
    this.#cidrs.set(group, cached);
    return cached[family];
  }
}

function renderNicParts(nic: HostNic, family: Family, dropLog: DropLog): NicParts {
  const own = renderNicChains(nic, family, dropLog);
  const groupUses = new Map<string, GroupUse>();
  for (const direction of ['ingress', 'egress'] as const) {
    if (own[direction] === undefined) continue;
    for (const group of nic.groups) {
      const use = { group, direction, routingDomain: nic.routingDomain };
      groupUses.set(groupChain(direction, group, nic.routingDomain), use);
    }
  }
  return { chains: own, groupUses };
}

function closedParts(nic: HostNic): NicParts {
  return { chains: renderClosedNic(nic), groupUses: new Map() };
}

const emptySet: ReadonlySet<string> = new Set();

/** Networks by family as the kernel prints them. */
function splitCidrs(cidrs: ReadonlySet<string>): Record<Family, ReadonlySet<string>> {
  const split = { 4: new Set<string>(), 6: new Set<string>() };
  for (const text of cidrs) {
    const cidr = requiredCidr(text);
    for (const member of networkMembers(cidr)) split[cidr.family].add(member);
  }
  return split;
}

/** Most texts that are remembered; forgetting costs a little time only. */
const maxTexts = 200_000;

/** Members by family as the kernel prints them. IPv4 has one text; of IPv6 the texts are remembered. */
function splitFamilies(
  addresses: ReadonlySet<string>,
  texts: Map<string, string>,
): Record<Family, ReadonlySet<string>> {
  const split = { 4: new Set<string>(), 6: new Set<string>() };
  if (texts.size > maxTexts) texts.clear();
  for (const address of addresses) {
    if (isIPv4(address)) {
      split[4].add(address);
      continue;
    }
    const text = texts.get(address) ?? kernelAddress(address);
    texts.set(address, text);
    split[6].add(text);
  }
  return split;
}
