import { createHash } from 'node:crypto';
import { type HostAddressGroup, type HostGroup, type HostNic, type MemberSet, memberSetKey } from '@portcullis/compile';
import { parseAddress, parseCidr } from '@portcullis/model';
import type { Desired } from '../desired/desired.js';
import type { Generation } from '../desired/generation.js';

/** Format 1 had no address groups, and is read: it is a state without any. */
const formatVersion = 2;
const oldestFormat = 1;

interface Content {
  readonly format: number;
  readonly host: string;
  readonly generation: Generation;
  readonly nics: readonly HostNic[];
  readonly groups: readonly HostGroup[];
  readonly memberSets: readonly (Omit<MemberSet, 'addresses'> & { readonly addresses: readonly string[] })[];
  readonly addressGroups?: readonly (Omit<HostAddressGroup, 'cidrs'> & { readonly cidrs: readonly string[] })[];
  readonly unreadable: readonly (readonly [string, string])[];
}

/** Text of objects that were written before: a state costs what is new in it. */
const texts = new WeakMap<object, string>();

/** One line of JSON: the content, and before it the SHA-256 of the content's text in hex. */
export function formatState({ generation, state, unreadable }: Desired, host: string): string {
  const list = (objects: Iterable<object>) => `[${[...objects].map(textOf).join(',')}]`;
  const content = [
    `{"format":${formatVersion},"host":${JSON.stringify(host)},"generation":${JSON.stringify(generation)}`,
    `"nics":${list(state.nics.values())}`,
    `"groups":${list(state.groups.values())}`,
    `"memberSets":${list(state.memberSets.values())}`,
    `"addressGroups":${list(state.addressGroups.values())}`,
    `"unreadable":${JSON.stringify([...unreadable])}}`,
  ].join(',');
  return `${head(content)}${content}}\n`;
}

/** Throws an Error that says what is wrong with the text. */
export function parseState(text: string, host: string): Desired {
  const start = text.indexOf('"content":') + '"content":'.length;
  const content = text.slice(start, -2);
  if (!text.endsWith('}\n') || text.slice(0, start) !== head(content)) throw new Error('its checksum is wrong');
  const read = JSON.parse(content) as Content;
  const { format, host: owner, generation, nics, groups, memberSets, addressGroups = [], unreadable } = read;
  if (!(format >= oldestFormat && format <= formatVersion)) {
    throw new Error(`its format is ${format}, not ${oldestFormat} to ${formatVersion}`);
  }
  if (owner !== host) throw new Error(`it is of ${owner}`);
  const sets = memberSets.map((set) => ({ ...set, addresses: new Set(set.addresses) }));
  const reasons = new Map(unreadable);
  for (const set of sets) {
    // S2: the checksum tells accidents, not intent.
    const wrong = [...set.addresses].find((address) => parseAddress(address) === undefined);
    if (wrong !== undefined) reasons.set(`memberSet ${keyOf(set)}`, `${JSON.stringify(wrong)} is not an address`);
  }
  const cidrs = addressGroups.map((group) => ({ ...group, cidrs: new Set(group.cidrs) }));
  for (const group of cidrs) {
    const wrong = [...group.cidrs].find((cidr) => parseCidr(cidr) === undefined);
    if (wrong !== undefined) reasons.set(`addressGroup ${group.id}`, `${JSON.stringify(wrong)} is not a CIDR`);
  }
  return {
    generation,
    state: {
      nics: new Map(nics.map((nic) => [nic.id, nic])),
      groups: new Map(groups.map((group) => [group.id, group])),
      memberSets: new Map(sets.map((set) => [keyOf(set), set])),
      addressGroups: new Map(cidrs.map((group) => [group.id, group])),
    },
    unreadable: reasons,
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

function keyOf({ group, routingDomain }: Pick<MemberSet, 'group' | 'routingDomain'>): string {
  return memberSetKey(group, routingDomain);
}
