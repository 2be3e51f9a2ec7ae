import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { encodeHostGroup, encodeHostNic, enforceV1 } from '@portcullis/api';
import { type MemberDelta, parseMemberSetKey } from '@portcullis/compile';
import type { DispatchState } from './dispatch-state.js';
import type { Generation } from './generation.js';
import type { HostRecord, ObjectKey } from './host-record.js';

/** Addresses or CIDRs in one message: 10 000 of at most 43 characters stay below 1 MiB. */
const maxAddresses = 10_000;

type Event = NonNullable<MessageInitShape<typeof enforceV1.SyncResponseSchema>['event']>;

/**
 * Answers a Sync with the difference since the host's cursor, or with a snapshot, as of one moment. The cursor also tells
 * that the host has taken in everything before it.
 */
export function answerSync(state: DispatchState, record: HostRecord, cursor: string): enforceV1.SyncResponse[] {
  const since = parseCursor(cursor, state.instance);
  if (since !== undefined) record.dirty.forget(since);
  record.told = record.desired;
  const dirty = since === undefined ? undefined : record.dirty.since(since);
  const events =
    since === undefined || dirty === undefined
      ? snapshot(state, record)
      : dirty.flatMap((key) => objectEvents(state, record, key, since));
  const completed: Event = {
    case: 'completed',
    value: {
      generation: encodeGeneration(record.desired),
      cursor: `${state.instance}:${state.sequence}`,
      digest: state.digest(record.name),
    },
  };
  return [...events, completed].map((event) => create(enforceV1.SyncResponseSchema, { event }));
}

export function encodeGeneration({ policy, inventory }: Generation): enforceV1.Generation {
  return create(enforceV1.GenerationSchema, {
    policyRevision: BigInt(policy),
    inventoryRevision: BigInt(inventory),
  });
}

export function decodeGeneration({ policyRevision, inventoryRevision }: enforceV1.Generation): Generation {
  return { policy: Number(policyRevision), inventory: Number(inventoryRevision) };
}

/** Undefined for a cursor of another instance, or none. */
function parseCursor(cursor: string, instance: string): number | undefined {
  const [name, sequence = ''] = cursor.split(':');
  return name === instance && /^\d{1,15}$/.test(sequence) ? Number(sequence) : undefined;
}

function snapshot(state: DispatchState, record: HostRecord): Event[] {
  const { nics, groups, memberSets, addressGroups } = state.span.hostState(record.name);
  return [
    { case: 'snapshotStarted', value: {} },
    ...[...nics.values()].map((nic): Event => ({ case: 'nic', value: encodeHostNic(nic) })),
    ...[...groups.values()].map((group): Event => ({ case: 'group', value: encodeHostGroup(group) })),
    ...[...memberSets].flatMap(([key, { addresses }]) => whole(addresses, memberSetEvent(key))),
    ...[...addressGroups].flatMap(([id, { cidrs }]) => whole(cidrs, addressGroupEvent(id))),
  ];
}

function objectEvents(state: DispatchState, record: HostRecord, key: ObjectKey, since: number): Event[] {
  const kind = key.slice(0, key.indexOf(' '));
  const id = key.slice(key.indexOf(' ') + 1);
  if (kind === 'nic') {
    const nic = state.span.nic(record.name, id);
    return [nic ? { case: 'nic', value: encodeHostNic(nic) } : removal({ case: 'nic', value: id })];
  }
  if (kind === 'group') {
    const group = state.span.group(record.name, id);
    return [group ? { case: 'group', value: encodeHostGroup(group) } : removal({ case: 'group', value: id })];
  }
  const delta = (record.setSince.get(key) ?? 0) <= since ? state.memberLog.since(key, since) : undefined;
  if (kind === 'addressGroup') {
    const group = state.span.addressGroup(record.name, id);
    if (!group) return [removal({ case: 'addressGroup', value: id })];
    return changed(group.cidrs, delta, addressGroupEvent(id));
  }
  const set = state.span.memberSet(record.name, id);
  if (!set) return [removal({ case: 'memberSet', value: parseMemberSetKey(id) })];
  return changed(set.addresses, delta, memberSetEvent(id));
}

/** Makes one message of a part of what is in a set. */
type SetEvent = (change: { reset?: boolean; added?: string[]; removed?: string[] }) => Event;

function memberSetEvent(key: string): SetEvent {
  return ({ reset = false, added = [], removed = [] }) => ({
    case: 'memberSet',
    value: { ...parseMemberSetKey(key), reset, addedAddresses: added, removedAddresses: removed },
  });
}

function addressGroupEvent(addressGroup: string): SetEvent {
  return ({ reset = false, added = [], removed = [] }) => ({
    case: 'addressGroup',
    value: { addressGroup, reset, addedCidrs: added, removedCidrs: removed },
  });
}

/** The change of a set, or all of it where no change is known. */
function changed(members: ReadonlySet<string>, delta: MemberDelta | undefined, event: SetEvent): Event[] {
  if (delta === undefined) return whole(members, event);
  return [
    ...inParts(delta.added).map((added) => event({ added })),
    ...inParts(delta.removed).map((removed) => event({ removed })),
  ];
}

function whole(members: ReadonlySet<string>, event: SetEvent): Event[] {
  const [first = [], ...rest] = inParts([...members]);
  return [event({ reset: true, added: first }), ...rest.map((added) => event({ added }))];
}

function removal(removed: NonNullable<MessageInitShape<typeof enforceV1.RemovalSchema>['removed']>): Event {
  return { case: 'removal', value: { removed } };
}

function inParts(members: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let i = 0; i < members.length; i += maxAddresses) parts.push(members.slice(i, i + maxAddresses));
  return parts;
}
