import type { Family } from '@portcullis/model';
import {
  type Chain,
  type HookRule,
  isOwnChain,
  isOwnSet,
  parseSavedSets,
  parseSavedTables,
  parseSlottedName,
  type SavedSet,
  type Slot,
  setNameSource,
  setTypeOf,
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
  /** Jumps to our chains that are where they belong: the first rule of a built-in chain. */
  readonly hooked: readonly HookRule[];
  /** Jumps to our chains anywhere else; to be deleted by value. */
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

/** Those that are not among others. */
export function hooksWithout(hooks: readonly HookRule[], others: readonly HookRule[]): HookRule[] {
  const isSame = (hook: HookRule) => (other: HookRule) =>
    hook.table === other.table && hook.chain === other.chain && hook.rule === other.rule;
  return hooks.filter((hook) => !others.some(isSame(hook)));
}

const setNamePattern = new RegExp(String.raw`\b${setNameSource}-[a-f]\b`, 'g');

function readFamily(text: string, sets: ReadonlyMap<string, SavedSet>, family: Family): AppliedFamily {
  const chains = new Map<string, Chain>();
  const hooked: HookRule[] = [];
  const misplaced: HookRule[] = [];
  const slots = new Map<string, Slot>();
  for (const [tableName, table] of parseSavedTables(text)) {
    if (tableName !== 'raw' && tableName !== 'filter') continue;
    for (const [name, rules] of table) {
      if (isOwnChain(name))
        chains.set(name, { table: tableName, name, rules: rules.map((rule) => unslotted(rule, slots)) });
      else {
        rules.forEach((rule, index) => {
          if (/ ?-[jg] PC-/.test(rule))
            (index === 0 ? hooked : misplaced).push({ table: tableName, chain: name, rule });
        });
      }
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
  return { hooked: [], misplaced: [], chains: new Map(), sets: new Map(), strays: new Map() };
}
