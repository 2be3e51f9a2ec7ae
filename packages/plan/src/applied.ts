import type { Family } from '@portcullis/model';
import {
  type Chain,
  type HookRule,
  hooks,
  isOwnChain,
  isOwnSet,
  parseSavedSets,
  parseSavedTables,
  parseSlottedName,
  type SavedSet,
  type Slot,
  setNameSource,
  setTypeOf,
  type TableName,
} from '@portcullis/ruleset';
import { type AppliedFrames, noFrames, readFrames } from './frames.js';

/** A set as the kernel holds it. */
export interface AppliedSet {
  readonly slot: Slot;
  readonly capacity: number;
  readonly members: ReadonlySet<string>;
}

/** What of ours the kernel holds for one family. Rules name sets without their slot, as in a `FamilyFirewall`. */
export interface AppliedFamily {
  /** Chains whose jump to ours is in its place, as `table chain`. */
  readonly hooked: ReadonlySet<string>;
  /** Jumps to our chains that are not in their place, or not of this version; to be deleted by value. */
  readonly misplaced: readonly HookRule[];
  readonly chains: ReadonlyMap<string, Chain>;
  readonly sets: ReadonlyMap<string, AppliedSet>;
  /** Sets of ours that no rule names: members by full name. */
  readonly strays: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface Applied extends Readonly<Record<Family, AppliedFamily>> {
  /** Undefined where ebtables cannot be used: nothing is planned for it then. */
  readonly frames: AppliedFrames | undefined;
}

export const nothingApplied: Applied = { 4: emptyFamily(), 6: emptyFamily(), frames: noFrames };

/** Output of `iptables-save`, `ip6tables-save` and `ipset save`. */
export interface SavedKernel {
  readonly ipv4: string;
  readonly ipv6: string;
  readonly sets: string;
  /** Output of `ebtables-save`; undefined where there is none. */
  readonly frames?: string | undefined;
}

/** What of ours is in a kernel, read from what the tools print. Foreign chains and sets are left out (E6). */
export function readApplied(saved: SavedKernel): Applied {
  const sets = parseSavedSets(saved.sets);
  const frames = saved.frames === undefined ? undefined : readFrames(saved.frames);
  return { 4: readFamily(saved.ipv4, sets, 4), 6: readFamily(saved.ipv6, sets, 6), frames };
}

/** The capacity every set begins with; ipset's own default. */
export const leastCapacity = 65_536;

export function hookKey({ table, chain }: Pick<HookRule, 'table' | 'chain'>): string {
  return `${table} ${chain}`;
}

const setNamePattern = new RegExp(String.raw`\b${setNameSource}-[a-f]\b`, 'g');

function readFamily(text: string, sets: ReadonlyMap<string, SavedSet>, family: Family): AppliedFamily {
  const chains = new Map<string, Chain>();
  const hooked = new Set<string>();
  const misplaced: HookRule[] = [];
  const slots = new Map<string, Slot>();
  for (const [tableName, table] of parseSavedTables(text)) {
    if (tableName !== 'raw' && tableName !== 'filter') continue;
    for (const [name, rules] of table) {
      if (isOwnChain(name))
        chains.set(name, { table: tableName, name, rules: rules.map((rule) => unslotted(rule, slots)) });
      else readHooks(tableName, name, rules, { hooked, misplaced });
    }
  }
  const applied = new Map<string, AppliedSet>();
  const strays = new Map<string, ReadonlySet<string>>();
  for (const [fullName, set] of sets) {
    if (!isOwnSet(fullName) || set.family !== family) continue;
    const parsed = parseSlottedName(fullName);
    if (parsed !== undefined && slots.get(parsed.name) === parsed.slot && set.type === setTypeOf(parsed.name)) {
      applied.set(parsed.name, { slot: parsed.slot, capacity: set.capacity, members: set.members });
    } else strays.set(fullName, set.members);
  }
  return { hooked, misplaced, chains, sets: applied, strays };
}

function readHooks(
  table: TableName,
  chain: string,
  rules: readonly string[],
  { hooked, misplaced }: { hooked: Set<string>; misplaced: HookRule[] },
): void {
  const hook = hooks.find((each) => each.table === table && each.chain === chain);
  rules.forEach((rule, index) => {
    if (!/ ?-[jg] PC-/.test(rule)) return;
    if (index === 0 && rule === hook?.rule) hooked.add(hookKey(hook));
    else misplaced.push({ table, chain, rule });
  });
}

/** Takes the slots out of a rule. Where two rules name both slots of a set, the second stays as it is: it differs from what is wanted and is written anew. */
function unslotted(rule: string, slots: Map<string, Slot>): string {
  return rule.replaceAll(setNamePattern, (fullName) => {
    const parsed = parseSlottedName(fullName);
    if (parsed === undefined) return fullName;
    const slot = slots.get(parsed.name) ?? parsed.slot;
    slots.set(parsed.name, slot);
    return slot === parsed.slot ? parsed.name : fullName;
  });
}

function emptyFamily(): AppliedFamily {
  return { hooked: new Set(), misplaced: [], chains: new Map(), sets: new Map(), strays: new Map() };
}
