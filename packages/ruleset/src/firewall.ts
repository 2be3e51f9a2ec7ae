import type { HostGroup, HostNic, HostState, MemberSet } from '@portcullis/compile';
import { type Direction, type Family, parseAddress } from '@portcullis/model';
import type { Chain, HookRule } from './chain.js';
import { renderDispatch } from './dispatch.js';
import { type GroupChain, renderGroupChain } from './group-chain.js';
import { kernelAddress } from './kernel-address.js';
import { chains, groupChain, setName } from './names.js';
import { allowChain, clearMark, renderClosedNic, renderNicChains } from './nic-chains.js';
import { renderZones } from './zones.js';

/** What the kernel is to hold for one family: structure in chains, members in sets. */
export interface FamilyFirewall {
  readonly hooks: readonly HookRule[];
  /** By name. */
  readonly chains: ReadonlyMap<string, Chain>;
  /** Members by set name without slot. */
  readonly sets: ReadonlyMap<string, ReadonlySet<string>>;
}

export type Firewall = Readonly<Record<Family, FamilyFirewall>>;

export const hooks: readonly HookRule[] = [
  { table: 'raw', chain: 'PREROUTING', rule: `-j ${chains.zone}` },
  { table: 'filter', chain: 'INPUT', rule: `-j ${chains.input}` },
  { table: 'filter', chain: 'FORWARD', rule: `-m physdev --physdev-is-bridged -j ${chains.forward}` },
];

const established = '-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN';

/**
 * Spoofing is judged before everything, also inside allowed connections. An allowed packet returns to the built-in
 * chain: rules that others have placed after ours keep their say.
 */
const entryChains: readonly Chain[] = [
  {
    table: 'filter',
    name: chains.forward,
    rules: [`-j ${chains.spoofing}`, established, `-j ${chains.egress}`, `-j ${chains.ingress}`, clearMark],
  },
  {
    table: 'filter',
    name: chains.input,
    rules: [`-j ${chains.spoofing}`, established, `-j ${chains.egress}`, clearMark],
  },
  allowChain,
];

/** Parts that were rendered before are taken again while the objects of the state are the same ones. */
export class FirewallRenderer {
  readonly #nics = new WeakMap<HostNic, Map<string, Chain>>();
  readonly #groups = new WeakMap<HostGroup, Map<string, GroupChain>>();
  readonly #members = new WeakMap<MemberSet, Record<Family, ReadonlySet<string>>>();

  /** `closed` names NICs that get a deny-all stand-in. */
  render(state: HostState, closed: ReadonlySet<string> = new Set()): Firewall {
    return { 4: this.#renderFamily(state, 4, closed), 6: this.#renderFamily(state, 6, closed) };
  }

  #renderFamily(state: HostState, family: Family, closed: ReadonlySet<string>): FamilyFirewall {
    const result = new Map<string, Chain>();
    const sets = new Map<string, ReadonlySet<string>>();
    const add = (chain: Chain) => result.set(chain.name, chain);
    const dispatch = { ingress: new Map<string, string>(), egress: new Map(), spoofing: new Map() };
    for (const chain of entryChains) add(chain);
    for (const nic of state.nics.values()) {
      const own = closed.has(nic.id) ? renderClosedNic(nic) : this.#nicChains(nic, family);
      for (const [use, chain] of Object.entries(own) as [Direction | 'spoofing', Chain][]) {
        add(chain);
        dispatch[use].set(nic.interfaceName, chain.name);
      }
      if (closed.has(nic.id)) continue;
      for (const direction of ['ingress', 'egress'] as const) {
        if (own[direction] === undefined) continue;
        for (const id of nic.groups) {
          const name = groupChain(direction, id, nic.routingDomain);
          const group = state.groups.get(id);
          if (result.has(name) || group === undefined) continue;
          const { chain, memberSets } = this.#groupChain(group, {
            direction,
            routingDomain: nic.routingDomain,
            family,
          });
          add(chain);
          for (const key of memberSets) {
            sets.set(setName(key, family), this.#membersOf(state.memberSets.get(key), family));
          }
        }
      }
    }
    for (const chain of renderDispatch(chains.spoofing, '--physdev-in', dispatch.spoofing)) add(chain);
    for (const chain of renderDispatch(chains.egress, '--physdev-in', dispatch.egress)) add(chain);
    for (const chain of renderDispatch(chains.ingress, '--physdev-out', dispatch.ingress)) add(chain);
    add(renderZones(state.nics.values()));
    return { hooks, chains: result, sets };
  }

  #nicChains(nic: HostNic, family: Family): { [use in Direction | 'spoofing']?: Chain } {
    const cached = this.#nics.get(nic) ?? new Map<string, Chain>();
    this.#nics.set(nic, cached);
    if (!cached.has(`${family}`)) {
      const made = renderNicChains(nic, family);
      for (const [use, chain] of Object.entries(made)) cached.set(`${family} ${use}`, chain);
      cached.set(`${family}`, allowChain);
    }
    return Object.fromEntries(
      (['ingress', 'egress', 'spoofing'] as const).flatMap((use) => {
        const chain = cached.get(`${family} ${use}`);
        return chain === undefined ? [] : [[use, chain]];
      }),
    );
  }

  #groupChain(group: HostGroup, of: { direction: Direction; routingDomain: string; family: Family }): GroupChain {
    const cached = this.#groups.get(group) ?? new Map<string, GroupChain>();
    this.#groups.set(group, cached);
    const key = `${of.direction} ${of.family} ${of.routingDomain}`;
    const made = cached.get(key) ?? renderGroupChain(group, of);
    cached.set(key, made);
    return made;
  }

  #membersOf(members: MemberSet | undefined, family: Family): ReadonlySet<string> {
    if (members === undefined) return emptySet;
    const cached = this.#members.get(members) ?? splitFamilies(members.addresses);
    this.#members.set(members, cached);
    return cached[family];
  }
}

const emptySet: ReadonlySet<string> = new Set();

function splitFamilies(addresses: ReadonlySet<string>): Record<Family, ReadonlySet<string>> {
  const split = { 4: new Set<string>(), 6: new Set<string>() };
  for (const address of addresses) {
    const family = parseAddress(address)?.family;
    if (family !== undefined) split[family].add(kernelAddress(address));
  }
  return split;
}
