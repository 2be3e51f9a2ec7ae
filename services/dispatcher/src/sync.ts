import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { encodeHostGroup, encodeHostNic, enforceV1 } from '@portcullis/api';
import { parseMemberSetKey } from '@portcullis/compile';
import type { DispatchState } from './dispatch-state.js';
import type { Generation } from './generation.js';
import type { HostRecord, ObjectKey } from './host-record.js';

/** Addresses in one message: 10 000 of at most 39 characters stay below 1 MiB. */
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
  const changed = since === undefined ? undefined : record.dirty.since(since);
  const events =
    since === undefined || changed === undefined
      ? snapshot(state, record)
      : changed.flatMap((key) => objectEvents(state, record, key, since));
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
  const { nics, groups, memberSets } = state.span.hostState(record.name);
  return [
    { case: 'snapshotStarted', value: {} },
    ...[...nics.values()].map((nic): Event => ({ case: 'nic', value: encodeHostNic(nic) })),
    ...[...groups.values()].map((group): Event => ({ case: 'group', value: encodeHostGroup(group) })),
    ...[...memberSets].flatMap(([key, { addresses }]) => wholeSet(key, addresses)),
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
  const set = state.span.memberSet(record.name, id);
  if (!set) return [removal({ case: 'memberSet', value: parseMemberSetKey(id) })];
  const delta = (record.setSince.get(id) ?? 0) <= since ? state.memberLog.since(id, since) : undefined;
  if (delta === undefined) return wholeSet(id, set.addresses);
  return [
    ...inParts(delta.added).map((addedAddresses) => memberSetEvent(id, { addedAddresses })),
    ...inParts(delta.removed).map((removedAddresses) => memberSetEvent(id, { removedAddresses })),
  ];
}

function wholeSet(key: string, addresses: ReadonlySet<string>): Event[] {
  const [first = [], ...rest] = inParts([...addresses]);
  return [
    memberSetEvent(key, { reset: true, addedAddresses: first }),
    ...rest.map((addedAddresses) => memberSetEvent(key, { addedAddresses })),
  ];
}

function memberSetEvent(
  key: string,
  change: { reset?: boolean; addedAddresses?: string[]; removedAddresses?: string[] },
): Event {
  return { case: 'memberSet', value: { ...parseMemberSetKey(key), ...change } };
}

function removal(removed: NonNullable<MessageInitShape<typeof enforceV1.RemovalSchema>['removed']>): Event {
  return { case: 'removal', value: { removed } };
}

function inParts(addresses: readonly string[]): string[][] {
  const parts: string[][] = [];
  for (let i = 0; i < addresses.length; i += maxAddresses) parts.push(addresses.slice(i, i + maxAddresses));
  return parts;
}
