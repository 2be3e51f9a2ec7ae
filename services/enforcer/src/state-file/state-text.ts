import { createHash } from 'node:crypto';
import {
  type HostAddressGroup,
  type HostGroup,
  type HostNic,
  type HostState,
  type MemberSet,
  memberSetKey,
} from '@portcullis/compile';
import { parseAddress, parseCidr } from '@portcullis/model';
import type { Desired } from '../desired/desired.js';
import type { Generation } from '../desired/generation.js';

/** Older ones are read: format 1 had no address groups, format 2 no states that are not settled. */
const formatVersion = 3;
const oldestFormat = 1;

/** What is kept: the newest state, and the states that may have allowed what flows now. */
export interface Kept {
  readonly desired: Desired;
  /** Oldest first; none where everything counts as allowed. */
  readonly before: readonly HostState[];
}

interface Content extends StateContent {
  readonly format: number;
  readonly host: string;
  readonly generation: Generation;
  /** Absent where it is the state itself. */
  readonly before?: readonly StateContent[];
  readonly unreadable: readonly (readonly [string, string])[];
}

interface StateContent {
  readonly nics: readonly HostNic[];
  readonly groups: readonly HostGroup[];
  readonly memberSets: readonly (Omit<MemberSet, 'addresses'> & { readonly addresses: readonly string[] })[];
  readonly addressGroups?: readonly (Omit<HostAddressGroup, 'cidrs'> & { readonly cidrs: readonly string[] })[];
}

/** Text of objects that were written before: a state costs what is new in it. */
const texts = new WeakMap<object, string>();

/** One line of JSON: the content, and before it the SHA-256 of the content's text in hex. */
export function formatState({ desired: { generation, state, unreadable }, before }: Kept, host: string): string {
  const isSettled = before.length === 1 && before[0] === state;
  const content = [
    `{"format":${formatVersion},"host":${JSON.stringify(host)},"generation":${JSON.stringify(generation)}`,
    sectionsOf(state),
    ...(isSettled ? [] : [`"before":[${before.map((each) => `{${sectionsOf(each)}}`).join(',')}]`]),
    `"unreadable":${JSON.stringify([...unreadable])}}`,
  ].join(',');
  return `${head(content)}${content}}\n`;
}

function sectionsOf({ nics, groups, memberSets, addressGroups }: HostState): string {
  const list = (objects: Iterable<object>) => `[${[...objects].map(textOf).join(',')}]`;
  return [
    `"nics":${list(nics.values())}`,
    `"groups":${list(groups.values())}`,
    `"memberSets":${list(memberSets.values())}`,
    `"addressGroups":${list(addressGroups.values())}`,
  ].join(',');
}

/** Throws an Error that says what is wrong with the text. */
export function parseState(text: string, host: string): Kept {
  const start = text.indexOf('"content":') + '"content":'.length;
  const content = text.slice(start, -2);
  if (!text.endsWith('}\n') || text.slice(0, start) !== head(content)) throw new Error('its checksum is wrong');
  const read = JSON.parse(content) as Content;
  const { format, host: owner, generation, unreadable } = read;
  if (!(format >= oldestFormat && format <= formatVersion)) {
    throw new Error(`its format is ${format}, not ${oldestFormat} to ${formatVersion}`);
  }
  if (owner !== host) throw new Error(`it is of ${owner}`);
  const state = stateOf(read);
  const reasons = new Map(unreadable);
  // S2: the checksum tells accidents, not intent.
  for (const [key, { addresses }] of state.memberSets) {
    const wrong = [...addresses].find((address) => parseAddress(address) === undefined);
    if (wrong !== undefined) reasons.set(`memberSet ${key}`, `${JSON.stringify(wrong)} is not an address`);
  }
  for (const { id, cidrs } of state.addressGroups.values()) {
    const wrong = [...cidrs].find((cidr) => parseCidr(cidr) === undefined);
    if (wrong !== undefined) reasons.set(`addressGroup ${id}`, `${JSON.stringify(wrong)} is not a CIDR`);
  }
  return { desired: { generation, state, unreadable: reasons }, before: read.before?.map(stateOf) ?? [state] };
}

function stateOf({ nics, groups, memberSets, addressGroups = [] }: StateContent): HostState {
  const sets = memberSets.map((set) => ({ ...set, addresses: new Set(set.addresses) }));
  const named = addressGroups.map((group) => ({ ...group, cidrs: new Set(group.cidrs) }));
  return {
    nics: new Map(nics.map((nic) => [nic.id, nic])),
    groups: new Map(groups.map((group) => [group.id, group])),
    memberSets: new Map(sets.map((set) => [memberSetKey(set.group, set.routingDomain), set])),
    addressGroups: new Map(named.map((group) => [group.id, group])),
  };
}

function head(content: string): string {
  return `{"sha256":"${createHash('sha256').update(content).digest('hex')}","content":`;
}

function textOf(object: object): string {
  const known = texts.get(object);
  if (known !== undefined) return known;
  const text = JSON.stringify(object, (_key, value: unknown) => (value instanceof Set ? [...value] : value));
  texts.set(object, text);
  return text;
}
