import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { encodeHostGroup, encodeHostNic, enforceV1 } from '@portcullis/api';
import { digestHostState, type HostState } from '@portcullis/compile';
import { describe, expect, it } from 'vitest';
import { randomStates } from '../fixtures/random-state.js';
import { emptyState } from './desired.js';
import { StateDraft } from './state-draft.js';

type Event = enforceV1.SyncResponse['event'];

function snapshotOf({ nics, groups, memberSets, addressGroups }: HostState): Event[] {
  return [
    { case: 'snapshotStarted', value: create(enforceV1.SnapshotStartedSchema) },
    ...[...nics.values()].map((nic): Event => ({ case: 'nic', value: encodeHostNic(nic) })),
    ...[...groups.values()].map((group): Event => ({ case: 'group', value: encodeHostGroup(group) })),
    ...[...memberSets.values()].map(
      (set): Event => memberSet({ ...set, reset: true, addedAddresses: [...set.addresses] }),
    ),
    ...[...addressGroups.values()].map(
      ({ id, cidrs }): Event => addressGroup({ addressGroup: id, reset: true, addedCidrs: [...cidrs] }),
    ),
  ];
}

function memberSet(fields: {
  group: string;
  routingDomain: string;
  reset?: boolean;
  addedAddresses?: string[];
  removedAddresses?: string[];
}): Event {
  const { group, routingDomain, reset = false, addedAddresses = [], removedAddresses = [] } = fields;
  const value = create(enforceV1.MemberSetChangeSchema, {
    group,
    routingDomain,
    reset,
    addedAddresses,
    removedAddresses,
  });
  return { case: 'memberSet', value };
}

function addressGroup(fields: MessageInitShape<typeof enforceV1.AddressGroupChangeSchema>): Event {
  return { case: 'addressGroup', value: create(enforceV1.AddressGroupChangeSchema, fields) };
}

function take(base: HostState, events: Event[], unreadable = new Map<string, string>()) {
  const draft = new StateDraft({ state: base, unreadable });
  for (const event of events) draft.take(event);
  return draft.finish();
}

const [first, second] = randomStates(8, 3).filter(({ memberSets }) => memberSets.size > 1) as [HostState, HostState];
const [key, set] = [...first.memberSets][0] as [
  string,
  { group: string; routingDomain: string; addresses: Set<string> },
];

describe('a draft', () => {
  it('of a snapshot is what was sent, whatever was before', () => {
    const { state } = take(second, snapshotOf(first));
    expect(digestHostState(state)).toBe(digestHostState(first));
  });

  it('of a snapshot keeps the objects that are equal', () => {
    const before = take(emptyState, snapshotOf(first)).state;
    const after = take(before, snapshotOf(first)).state;
    for (const kind of ['nics', 'groups', 'memberSets', 'addressGroups'] as const) {
      for (const [id, value] of before[kind] as ReadonlyMap<string, object>) expect(after[kind].get(id)).toBe(value);
    }
  });

  it('of a member change leaves the state before and everything else as they were', () => {
    const sizeBefore = set.addresses.size;
    const { state } = take(first, [
      memberSet({ ...set, addedAddresses: ['192.0.2.1'], removedAddresses: [...set.addresses] }),
    ]);
    expect([...(state.memberSets.get(key)?.addresses ?? [])]).toEqual(['192.0.2.1']);
    expect(set.addresses.size).toBe(sizeBefore);
    for (const [other, value] of first.memberSets) if (other !== key) expect(state.memberSets.get(other)).toBe(value);
    for (const [id, nic] of first.nics) expect(state.nics.get(id)).toBe(nic);
  });

  it('takes a large set in parts', () => {
    const parts = [
      memberSet({ ...set, reset: true, addedAddresses: ['192.0.2.1'] }),
      memberSet({ ...set, addedAddresses: ['192.0.2.2'] }),
      memberSet({ ...set, addedAddresses: ['192.0.2.3'], removedAddresses: ['192.0.2.1'] }),
    ];
    expect([...(take(first, parts).state.memberSets.get(key)?.addresses ?? [])]).toEqual(['192.0.2.2', '192.0.2.3']);
  });

  it('takes an address group in parts, and only what changes of it after that', () => {
    const office = (...events: { reset?: boolean; addedCidrs?: string[]; removedCidrs?: string[] }[]) =>
      events.map((each) => addressGroup({ ...each, addressGroup: 'office' }));
    const whole = take(first, office({ reset: true, addedCidrs: ['10.0.0.0/8'] }, { addedCidrs: ['::/0'] })).state;
    expect(whole.addressGroups.get('office')?.cidrs).toEqual(new Set(['10.0.0.0/8', '::/0']));
    const changed = take(whole, office({ addedCidrs: ['192.0.2.0/24'], removedCidrs: ['::/0'] })).state;
    expect(changed.addressGroups.get('office')?.cidrs).toEqual(new Set(['10.0.0.0/8', '192.0.2.0/24']));
    expect(whole.addressGroups.get('office')?.cidrs.size).toBe(2);
    expect(changed.memberSets).toBe(whole.memberSets);
    const gone = create(enforceV1.RemovalSchema, { removed: { case: 'addressGroup', value: 'office' } });
    expect(take(changed, [{ case: 'removal', value: gone }]).state.addressGroups.has('office')).toBe(false);
  });

  it('S2 remembers a CIDR that is none until the address group is said anew', () => {
    const forged = take(first, [addressGroup({ addressGroup: 'office', addedCidrs: ['host.example/8'] })]);
    expect([...forged.unreadable]).toEqual([['addressGroup office', '"host.example/8" is not a CIDR']]);
    const anew = take(
      forged.state,
      [addressGroup({ addressGroup: 'office', reset: true })],
      new Map(forged.unreadable),
    );
    expect(anew.unreadable.size).toBe(0);
  });

  it('forgets what is removed', () => {
    const removed = (value: enforceV1.Removal['removed']): Event => ({
      case: 'removal',
      value: create(enforceV1.RemovalSchema, { removed: value as never }),
    });
    const [nic] = first.nics.keys();
    const [group] = first.groups.keys();
    const { state } = take(first, [
      removed({ case: 'nic', value: nic ?? '' }),
      removed({ case: 'group', value: group ?? '' }),
      removed({ case: 'memberSet', value: create(enforceV1.MemberSetKeySchema, set) }),
    ]);
    expect(state.nics.has(nic ?? '') || state.groups.has(group ?? '') || state.memberSets.has(key)).toBe(false);
  });

  it('S2 remembers what cannot be read until it is said anew', () => {
    const forged = take(first, [memberSet({ ...set, addedAddresses: ['host.example'] })]);
    expect([...forged.unreadable]).toEqual([[`memberSet ${key}`, '"host.example" is not an address']]);
    const later = take(
      forged.state,
      [memberSet({ ...set, addedAddresses: ['192.0.2.1'] })],
      new Map(forged.unreadable),
    );
    expect(later.unreadable.size).toBe(1);
    const anew = take(later.state, [memberSet({ ...set, reset: true })], new Map(later.unreadable));
    expect(anew.unreadable.size).toBe(0);
  });

  it('does not guess at rules of a later version', () => {
    const group = encodeHostGroup({
      id: 'g',
      rules: [{ id: 'r', direction: 'ingress', protocol: 'all', active: true }],
    });
    for (const rule of group.rules) rule.protocol = 99 as never;
    const { state, unreadable } = take(first, [{ case: 'group', value: group }]);
    expect(state.groups.has('g')).toBe(false);
    expect([...unreadable]).toEqual([['group g', 'unknown protocol 99']]);
  });
});
