import { isDeepStrictEqual } from 'node:util';
import {
  type AddressGroup,
  type Binding,
  isEgressOpen,
  type Network,
  type Nic,
  type SecurityGroup,
} from '@portcullis/model';
import type { Cloud } from './cloud.js';
import { addressGroupsOf, compileAddressGroup, compileGroup, compileNic, remoteGroupsOf } from './compile-host.js';
import { CountMap, MultiMap } from './count-map.js';
import {
  type HostAddressGroup,
  type HostGroup,
  type HostNic,
  type HostState,
  type MemberSet,
  memberSetKey,
  parseMemberSetKey,
} from './host-state.js';

/** What one commit says, of one thing: its new value, or that it is gone. */
export type CloudChange =
  | { readonly kind: 'group'; readonly id: string; readonly value: SecurityGroup | undefined }
  | { readonly kind: 'addressGroup'; readonly id: string; readonly value: AddressGroup | undefined }
  | { readonly kind: 'network'; readonly id: string; readonly value: Network | undefined }
  | { readonly kind: 'nic'; readonly id: string; readonly value: Nic | undefined }
  | { readonly kind: 'binding'; readonly id: string; readonly value: Binding | undefined };

/** What a commit made different. */
export interface SpanChange {
  /** The objects to send anew, or gone, by host. A host that is not named here is not concerned. */
  readonly dirty: ReadonlyMap<string, DirtyObjects>;
  /** What changed in member sets that hosts already had, by key. */
  readonly memberDeltas: ReadonlyMap<string, MemberDelta>;
  /** What changed in address groups, by id. */
  readonly cidrDeltas: ReadonlyMap<string, MemberDelta>;
}

export interface DirtyObjects {
  readonly nics: Set<string>;
  readonly groups: Set<string>;
  readonly memberSets: Set<string>;
  readonly addressGroups: Set<string>;
}

/** Addresses of a member set, or CIDRs of an address group. */
export interface MemberDelta {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

interface HostSpan {
  readonly nics: Map<string, HostNic>;
  /** A copy of `nics` for those who ask for the state; the same one as long as no NIC changes. */
  givenNics: ReadonlyMap<string, HostNic> | undefined;
  /** Uses of a group by NICs of the host. */
  readonly groups: CountMap<string>;
  /** Uses of a member set by groups of NICs of the host. */
  readonly memberSets: CountMap<string>;
  /** Uses of an address group by groups of NICs of the host. */
  readonly addressGroups: CountMap<string>;
}

/**
 * The states of all hosts, kept up change by change.
 *
 * Owns: the cloud as last said, and per host which NICs, groups, member sets and address groups it needs.
 * Does not own: generations, and what a host already has.
 * Invariants: D2; D3: a change costs the NICs, hosts and members it touches; the result equals `compileHost`, always.
 *
 * How: the NICs that a change touches are taken out of every index with the old values and put back with the new.
 */
export class Span {
  readonly #groups = new Map<string, SecurityGroup>();
  readonly #addressGroups = new Map<string, AddressGroup>();
  readonly #networks = new Map<string, Network>();
  readonly #nics = new Map<string, Nic>();
  readonly #bindings = new Map<string, Binding>();
  readonly #groupsOfNic = new MultiMap<string, string>();
  readonly #nicsOfNetwork = new MultiMap<string, string>();
  readonly #bindingsOfNic = new MultiMap<string, string>();
  readonly #hostsOfGroup = new MultiMap<string, string>();
  readonly #hostsOfMemberSet = new MultiMap<string, string>();
  readonly #hostsOfAddressGroup = new MultiMap<string, string>();
  /** Addresses by member set key, each counted, because two NICs may have the same one for a while. */
  readonly #members = new Map<string, CountMap<string>>();
  readonly #hosts = new Map<string, HostSpan>();
  /** What was compiled and has not changed since: equal values are the same object. */
  readonly #compiledGroups = new Map<string, HostGroup>();
  readonly #compiledSets = new Map<string, MemberSet>();
  readonly #compiledAddressGroups = new Map<string, HostAddressGroup>();

  /** Everything as last said; not to be changed. */
  get cloud(): Cloud {
    return {
      groups: this.#groups,
      addressGroups: this.#addressGroups,
      networks: this.#networks,
      nics: this.#nics,
      bindings: this.#bindings,
    };
  }

  /** Applies one commit as a whole. */
  apply(changes: readonly CloudChange[]): SpanChange {
    const before = new Before();
    for (const change of changes) {
      const touched = this.#nicsTouchedBy(change);
      for (const nic of touched) this.#move(nic, -1, before);
      this.#store(change, before);
      for (const nic of touched) this.#move(nic, 1, before);
    }
    return this.#compare(before);
  }

  hostsOfNic(nic: string): Set<string> {
    return new Set([...this.#bindingsOfNic.get(nic)].flatMap((id) => this.#bindings.get(id)?.host ?? []));
  }

  /** The hosts with NICs of an enabled group. */
  hostsOfGroup(group: string): Iterable<string> {
    return this.#hostsOfGroup.get(group);
  }

  hosts(): Iterable<string> {
    return this.#hosts.keys();
  }

  nicCount(host: string): number {
    return this.#hosts.get(host)?.nics.size ?? 0;
  }

  nic(host: string, id: string): HostNic | undefined {
    return this.#hosts.get(host)?.nics.get(id);
  }

  group(host: string, id: string): HostGroup | undefined {
    const group = this.#groups.get(id);
    if (!group || !this.#hosts.get(host)?.groups.has(id)) return undefined;
    return first(this.#compiledGroups, id, () => compileGroup(group));
  }

  memberSet(host: string, key: string): MemberSet | undefined {
    if (!this.#hosts.get(host)?.memberSets.has(key)) return undefined;
    return first(this.#compiledSets, key, () => {
      const { group, routingDomain } = parseMemberSetKey(key);
      return { group, routingDomain, addresses: new Set(this.#members.get(key)?.keys()) };
    });
  }

  addressGroup(host: string, id: string): HostAddressGroup | undefined {
    if (!this.#hosts.get(host)?.addressGroups.has(id)) return undefined;
    return first(this.#compiledAddressGroups, id, () => compileAddressGroup(id, this.#addressGroups.get(id)));
  }

  /** One host's whole state; empty for a host without NICs. */
  hostState(host: string): HostState {
    const span = this.#hosts.get(host);
    const groups = new Map<string, HostGroup>();
    for (const id of span?.groups.keys() ?? []) groups.set(id, present(this.group(host, id)));
    const memberSets = new Map<string, MemberSet>();
    for (const key of span?.memberSets.keys() ?? []) memberSets.set(key, present(this.memberSet(host, key)));
    const addressGroups = new Map<string, HostAddressGroup>();
    for (const id of span?.addressGroups.keys() ?? []) addressGroups.set(id, present(this.addressGroup(host, id)));
    return { nics: givenNics(span), groups, memberSets, addressGroups };
  }

  /** The NICs whose own objects, uses of groups and sets, or member addresses a change may alter. */
  #nicsTouchedBy(change: CloudChange): Iterable<string> {
    switch (change.kind) {
      case 'nic':
        return [change.id];
      case 'addressGroup':
        return [];
      case 'network':
        return [...this.#nicsOfNetwork.get(change.id)];
      case 'binding': {
        const nics = [this.#bindings.get(change.id), change.value].flatMap((binding) => binding?.nic ?? []);
        return new Set(nics);
      }
      case 'group': {
        const old = this.#groups.get(change.id);
        const nicsBefore = new Set(old?.nics);
        const nicsAfter = new Set(change.value?.nics);
        const all = new Set([...nicsBefore, ...nicsAfter]);
        if (all.size === 0 || !old || !change.value || !looksSameToNics(old, change.value)) return all;
        return [...all].filter((nic) => !(nicsBefore.has(nic) && nicsAfter.has(nic)));
      }
    }
  }

  /** Adds (1) or takes away (-1) everything that follows from one NIC as things are now. */
  #move(nicId: string, by: 1 | -1, before: Before): void {
    const nic = this.#nics.get(nicId);
    const network = nic && this.#networks.get(nic.network);
    if (!nic || !network) return;
    const groups = [...this.#groupsOfNic.get(nicId)].map((id) => present(this.#groups.get(id)));
    const enabled = groups.filter((group) => group.enabled);
    for (const group of enabled) this.#moveMember(memberSetKey(group.id, network.routingDomain), nic, by, before);
    const sets = enabled.flatMap((group) =>
      [...remoteGroupsOf(group)].map((remote) => memberSetKey(remote, network.routingDomain)),
    );
    const addressGroups = enabled.flatMap((group) => [...addressGroupsOf(group)]);
    for (const bindingId of this.#bindingsOfNic.get(nicId)) {
      const binding = present(this.#bindings.get(bindingId));
      const span = this.#hostSpan(binding.host);
      before.nic(binding.host, nicId, span.nics.get(nicId));
      span.givenNics = undefined;
      if (by === 1) span.nics.set(nicId, compileNic(nic, network, binding, enabled));
      else span.nics.delete(nicId);
      const use = (counts: CountMap<string>, hostsOf: MultiMap<string, string>, key: string) => {
        const had = counts.has(key);
        if (counts.add(key, by)) hostsOf[by === 1 ? 'add' : 'delete'](key, binding.host);
        return had;
      };
      for (const { id } of enabled) before.group(binding.host, id, use(span.groups, this.#hostsOfGroup, id));
      for (const key of sets) before.memberSet(binding.host, key, use(span.memberSets, this.#hostsOfMemberSet, key));
      for (const id of addressGroups) {
        before.addressGroup(binding.host, id, use(span.addressGroups, this.#hostsOfAddressGroup, id));
      }
    }
  }

  #moveMember(key: string, nic: Nic, by: 1 | -1, before: Before): void {
    const members = this.#members.get(key) ?? new CountMap<string>();
    this.#members.set(key, members);
    for (const address of nic.addresses) {
      before.member(key, address, members.has(address));
      members.add(address, by);
    }
  }

  #store(change: CloudChange, before: Before): void {
    switch (change.kind) {
      case 'addressGroup':
        before.cidrs(change.id, this.#addressGroups.get(change.id)?.cidrs ?? []);
        put(this.#addressGroups, change.id, change.value);
        return;
      case 'network':
        put(this.#networks, change.id, change.value);
        return;
      case 'nic': {
        const old = this.#nics.get(change.id);
        if (old) this.#nicsOfNetwork.delete(old.network, change.id);
        if (change.value) this.#nicsOfNetwork.add(change.value.network, change.id);
        put(this.#nics, change.id, change.value);
        return;
      }
      case 'binding': {
        const old = this.#bindings.get(change.id);
        if (old) this.#bindingsOfNic.delete(old.nic, change.id);
        if (change.value) this.#bindingsOfNic.add(change.value.nic, change.id);
        put(this.#bindings, change.id, change.value);
        return;
      }
      case 'group': {
        const old = this.#groups.get(change.id);
        for (const nic of old?.nics ?? []) this.#groupsOfNic.delete(nic, change.id);
        for (const nic of change.value?.nics ?? []) this.#groupsOfNic.add(nic, change.id);
        before.groupContent(change.id, old);
        put(this.#groups, change.id, change.value);
        this.#compiledGroups.delete(change.id);
        return;
      }
    }
  }

  #compare(before: Before): SpanChange {
    const dirty = new Map<string, DirtyObjects>();
    const of = (host: string): DirtyObjects => {
      const objects = dirty.get(host) ?? newDirtyObjects();
      dirty.set(host, objects);
      return objects;
    };
    for (const { host, id, value } of before.nics())
      if (!isDeepStrictEqual(value, this.nic(host, id))) of(host).nics.add(id);
    for (const { host, id, value } of before.groups()) {
      if (value !== this.#hostSpan(host).groups.has(id)) of(host).groups.add(id);
    }
    for (const [id, old] of before.groupContents()) {
      const [now, hosts] = [this.#groups.get(id), this.#hostsOfGroup.get(id)];
      if (hosts.size === 0) continue;
      if (old && now && isDeepStrictEqual(compileGroup(old), compileGroup(now))) continue;
      for (const host of hosts) of(host).groups.add(id);
    }
    for (const { host, id, value } of before.memberSets()) {
      if (value !== this.#hostSpan(host).memberSets.has(id)) of(host).memberSets.add(id);
      if (this.#hostsOfMemberSet.get(id).size === 0) this.#compiledSets.delete(id);
    }
    const memberDeltas = new Map<string, MemberDelta>();
    for (const [key, addresses] of before.members()) {
      const members = this.#members.get(key);
      const changed = [...addresses].filter(([address, had]) => had !== members?.has(address));
      if (members?.size === 0) this.#members.delete(key);
      if (changed.length === 0) continue;
      this.#compiledSets.delete(key);
      const pick = (had: boolean) => changed.flatMap(([address, was]) => (was === had ? [address] : []));
      memberDeltas.set(key, { added: pick(false), removed: pick(true) });
      for (const host of this.#hostsOfMemberSet.get(key)) of(host).memberSets.add(key);
    }
    for (const { host, id, value } of before.addressGroups()) {
      if (value !== this.#hostSpan(host).addressGroups.has(id)) of(host).addressGroups.add(id);
      if (this.#hostsOfAddressGroup.get(id).size === 0) this.#compiledAddressGroups.delete(id);
    }
    const cidrDeltas = new Map<string, MemberDelta>();
    for (const [id, old] of before.contentsOfAddressGroups()) {
      const [had, has] = [new Set(old), new Set(this.#addressGroups.get(id)?.cidrs)];
      const delta = {
        added: [...has].filter((cidr) => !had.has(cidr)),
        removed: [...had].filter((cidr) => !has.has(cidr)),
      };
      if (delta.added.length + delta.removed.length === 0) continue;
      this.#compiledAddressGroups.delete(id);
      cidrDeltas.set(id, delta);
      for (const host of this.#hostsOfAddressGroup.get(id)) of(host).addressGroups.add(id);
    }
    for (const host of before.hosts()) {
      if (this.#hosts.get(host)?.nics.size === 0) this.#hosts.delete(host);
    }
    return { dirty, memberDeltas, cidrDeltas };
  }

  #hostSpan(host: string): HostSpan {
    const span = this.#hosts.get(host) ?? newHostSpan();
    this.#hosts.set(host, span);
    return span;
  }
}

function newHostSpan(): HostSpan {
  return {
    nics: new Map(),
    givenNics: undefined,
    groups: new CountMap(),
    memberSets: new CountMap(),
    addressGroups: new CountMap(),
  };
}

function givenNics(span: HostSpan | undefined): ReadonlyMap<string, HostNic> {
  if (span === undefined) return new Map();
  span.givenNics ??= new Map(span.nics);
  return span.givenNics;
}

function newDirtyObjects(): DirtyObjects {
  return { nics: new Set(), groups: new Set(), memberSets: new Set(), addressGroups: new Set() };
}

/** How things were when a commit first touched them. */
class Before {
  readonly #nics = new Map<string, { host: string; id: string; value: HostNic | undefined }>();
  readonly #groups = new Map<string, { host: string; id: string; value: boolean }>();
  readonly #memberSets = new Map<string, { host: string; id: string; value: boolean }>();
  readonly #addressGroups = new Map<string, { host: string; id: string; value: boolean }>();
  readonly #cidrs = new Map<string, readonly string[]>();
  readonly #contents = new Map<string, SecurityGroup | undefined>();
  readonly #members = new Map<string, Map<string, boolean>>();

  nic(host: string, id: string, value: HostNic | undefined): void {
    first(this.#nics, `${host} ${id}`, () => ({ host, id, value }));
  }
  group(host: string, id: string, value: boolean): void {
    first(this.#groups, `${host} ${id}`, () => ({ host, id, value }));
  }
  memberSet(host: string, id: string, value: boolean): void {
    first(this.#memberSets, `${host} ${id}`, () => ({ host, id, value }));
  }
  addressGroup(host: string, id: string, value: boolean): void {
    first(this.#addressGroups, `${host} ${id}`, () => ({ host, id, value }));
  }
  cidrs(addressGroup: string, value: readonly string[]): void {
    first(this.#cidrs, addressGroup, () => value);
  }
  groupContent(id: string, value: SecurityGroup | undefined): void {
    first(this.#contents, id, () => value);
  }
  member(key: string, address: string, had: boolean): void {
    first(
      first(this.#members, key, () => new Map<string, boolean>()),
      address,
      () => had,
    );
  }

  nics = () => this.#nics.values();
  groups = () => this.#groups.values();
  memberSets = () => this.#memberSets.values();
  addressGroups = () => this.#addressGroups.values();
  contentsOfAddressGroups = () => this.#cidrs.entries();
  groupContents = () => this.#contents.entries();
  members = () => this.#members.entries();
  hosts = () => new Set([...this.#nics.values()].map(({ host }) => host));
}

/** Whether a NIC that stays in the group sees the same uses and the same egress default through it. */
function looksSameToNics(old: SecurityGroup, now: SecurityGroup): boolean {
  return (
    old.enabled === now.enabled &&
    isEgressOpen('auto', [old]) === isEgressOpen('auto', [now]) &&
    isSameSet(remoteGroupsOf(old), remoteGroupsOf(now)) &&
    isSameSet(addressGroupsOf(old), addressGroupsOf(now))
  );
}

function isSameSet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return left.size === right.size && [...left].every((each) => right.has(each));
}

function first<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  if (!map.has(key)) map.set(key, make());
  return map.get(key) as Value;
}

function put<Value>(map: Map<string, Value>, id: string, value: Value | undefined): void {
  if (value === undefined) map.delete(id);
  else map.set(id, value);
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the indices of the span disagree');
  return value;
}
