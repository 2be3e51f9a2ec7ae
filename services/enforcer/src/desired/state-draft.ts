import { isDeepStrictEqual } from 'node:util';
import { decodeHostGroup, decodeHostNic, type enforceV1 } from '@portcullis/api';
import {
  type HostAddressGroup,
  type HostGroup,
  type HostNic,
  type HostState,
  type MemberSet,
  memberSetKey,
} from '@portcullis/compile';
import { parseAddress, parseCidr } from '@portcullis/model';
import type { Desired } from './desired.js';

type Base = Pick<Desired, 'state' | 'unreadable'>;

/**
 * The state that one answer of the dispatcher describes, while it is still coming in.
 *
 * Owns: copies of the maps of the state before, and of the member sets and address groups that the answer changes.
 * Does not own: whether the answer is complete and true; nobody looks at a draft before.
 * Invariants: 1. The state before stays as it was. 2. What is equal to what was before is the same object, so that what
 * was made of it is not made again. 3. A member change costs one copy of its set.
 */
export class StateDraft {
  readonly #before: HostState;
  #nics: Map<string, HostNic>;
  #groups: Map<string, HostGroup>;
  #memberSets: Map<string, MemberSet>;
  #addressGroups: Map<string, HostAddressGroup>;
  #unreadable: Map<string, string>;
  /** Copies that this answer may change. */
  readonly #addresses = new Map<string, Set<string>>();
  readonly #cidrs = new Map<string, Set<string>>();

  constructor({ state, unreadable }: Base) {
    this.#before = state;
    this.#nics = new Map(state.nics);
    this.#groups = new Map(state.groups);
    this.#memberSets = new Map(state.memberSets);
    this.#addressGroups = new Map(state.addressGroups);
    this.#unreadable = new Map(unreadable);
  }

  take(event: enforceV1.SyncResponse['event']): void {
    switch (event.case) {
      case 'snapshotStarted':
        this.#nics = new Map();
        this.#groups = new Map();
        this.#memberSets = new Map();
        this.#addressGroups = new Map();
        this.#unreadable = new Map();
        this.#addresses.clear();
        this.#cidrs.clear();
        return;
      case 'nic': {
        const nic = decodeHostNic(event.value);
        this.#nics.set(nic.id, sameOr(this.#before.nics.get(nic.id), nic));
        return;
      }
      case 'group':
        this.#takeGroup(event.value);
        return;
      case 'memberSet':
        this.#takeMembers(event.value);
        return;
      case 'addressGroup':
        this.#takeCidrs(event.value);
        return;
      case 'removal':
        this.#remove(event.value);
        return;
      case 'completed':
      case undefined:
        return;
    }
  }

  finish(): Base {
    for (const [key, addresses] of this.#addresses) {
      const set = this.#memberSets.get(key);
      if (set === undefined) continue;
      const before = this.#before.memberSets.get(key);
      const isSame = before !== undefined && isSameSet(before.addresses, addresses);
      this.#memberSets.set(key, isSame ? before : { ...set, addresses });
    }
    for (const [id, cidrs] of this.#cidrs) {
      const before = this.#before.addressGroups.get(id);
      this.#addressGroups.set(id, before !== undefined && isSameSet(before.cidrs, cidrs) ? before : { id, cidrs });
    }
    const { nics, groups, memberSets, addressGroups } = this.#before;
    const state = {
      nics: sameMapOr(nics, this.#nics),
      groups: sameMapOr(groups, this.#groups),
      memberSets: sameMapOr(memberSets, this.#memberSets),
      addressGroups: sameMapOr(addressGroups, this.#addressGroups),
    };
    return { state, unreadable: this.#unreadable };
  }

  /** A rule with a word from a later version is not guessed at. */
  #takeGroup(message: enforceV1.HostGroup): void {
    const key = `group ${message.group}`;
    try {
      const group = decodeHostGroup(message);
      this.#groups.set(group.id, sameOr(this.#before.groups.get(group.id), group));
      this.#unreadable.delete(key);
    } catch (error) {
      this.#groups.delete(message.group);
      this.#unreadable.set(key, error instanceof Error ? error.message : String(error));
    }
  }

  #takeMembers({ group, routingDomain, reset, addedAddresses, removedAddresses }: enforceV1.MemberSetChange): void {
    const key = memberSetKey(group, routingDomain);
    const held = this.#memberSets.get(key);
    const addresses = reset ? new Set<string>() : (this.#addresses.get(key) ?? new Set(held?.addresses));
    if (reset) this.#unreadable.delete(`memberSet ${key}`);
    for (const address of addedAddresses) {
      addresses.add(address);
      // S2: ipset would ask DNS about what does not parse.
      if (parseAddress(address) !== undefined) continue;
      this.#unreadable.set(`memberSet ${key}`, `${JSON.stringify(address)} is not an address`);
    }
    for (const address of removedAddresses) addresses.delete(address);
    this.#addresses.set(key, addresses);
    if (held === undefined) this.#memberSets.set(key, { group, routingDomain, addresses });
  }

  #takeCidrs({ addressGroup: id, reset, addedCidrs, removedCidrs }: enforceV1.AddressGroupChange): void {
    const held = this.#addressGroups.get(id);
    const cidrs = reset ? new Set<string>() : (this.#cidrs.get(id) ?? new Set(held?.cidrs));
    if (reset) this.#unreadable.delete(`addressGroup ${id}`);
    for (const cidr of addedCidrs) {
      cidrs.add(cidr);
      if (parseCidr(cidr) === undefined) {
        this.#unreadable.set(`addressGroup ${id}`, `${JSON.stringify(cidr)} is not a CIDR`);
      }
    }
    for (const cidr of removedCidrs) cidrs.delete(cidr);
    this.#cidrs.set(id, cidrs);
  }

  #remove({ removed }: enforceV1.Removal): void {
    switch (removed.case) {
      case 'nic':
        this.#nics.delete(removed.value);
        return;
      case 'group':
        this.#groups.delete(removed.value);
        this.#unreadable.delete(`group ${removed.value}`);
        return;
      case 'memberSet': {
        const key = memberSetKey(removed.value.group, removed.value.routingDomain);
        this.#memberSets.delete(key);
        this.#addresses.delete(key);
        this.#unreadable.delete(`memberSet ${key}`);
        return;
      }
      case 'addressGroup':
        this.#addressGroups.delete(removed.value);
        this.#cidrs.delete(removed.value);
        this.#unreadable.delete(`addressGroup ${removed.value}`);
        return;
      case undefined:
        return;
    }
  }
}

function sameOr<Value>(before: Value | undefined, now: Value): Value {
  return before !== undefined && isDeepStrictEqual(before, now) ? before : now;
}

function sameMapOr<Value>(before: ReadonlyMap<string, Value>, now: ReadonlyMap<string, Value>) {
  if (before.size !== now.size) return now;
  for (const [key, value] of now) if (before.get(key) !== value) return now;
  return before;
}

function isSameSet(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  if (left.size !== right.size) return false;
  for (const each of left) if (!right.has(each)) return false;
  return true;
}
