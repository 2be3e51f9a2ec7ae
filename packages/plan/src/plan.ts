import type { Family } from '@portcullis/model';
import {
  type Chain,
  countsMembers,
  type FamilyFirewall,
  type Firewall,
  type Slot,
  setTypeOf,
  slottedName,
} from '@portcullis/ruleset';
import { type Applied, type AppliedFamily, type AppliedSet, hooksWithout, leastCapacity } from './applied.js';
import { areSameRules, type Diff, diffRules, type RuleChange, type SetChange } from './diff.js';
import { planFrames } from './frames.js';
import { renderOrdered } from './ordered-restore.js';
import { freeSlot, setNamesOf, slottedRules } from './slots.js';

/** One run of one tool. Rules of one table and family change at once; lines for sets one after the other. */
export type Step =
  | { readonly kind: 'sets'; readonly lines: readonly string[] }
  | { readonly kind: 'rules'; readonly family: Family; readonly text: string }
  | { readonly kind: 'frames'; readonly text: string };

export interface Plan {
  /** To be run in this order; nothing to do is no step. */
  readonly steps: readonly Step[];
  readonly diff: Diff;
  /** What the kernel holds once every step has succeeded. */
  readonly applied: Applied;
}

export interface PlanOptions {
  /**
   * Leaves sets that no rule names (any more) where they are, as strays: the kernel may refuse for a while to destroy
   * a set after the last rule that named it is gone, and nothing waits for that. Default: false.
   */
  readonly keepStrays?: boolean;
  /**
   * Writes every chain that changes anew, whatever the kernel holds, instead of editing it, and swaps no sets, which the
   * kernel refuses while somebody lists one of them. Default: false.
   */
  readonly rewriteChains?: boolean;
}

/**
 * The way from what the kernel holds to what it is to hold.
 *
 * Order (E2, E3, E5): sets that no rule names yet are made and filled; then the rules of each family change at once;
 * then sets that no rule names any more go. A set in use changes in place only where nothing else changes and its
 * members only come or only go: every state on the way then lies between the two. Where nothing but one set changes, its
 * new content is made ready beside it and swapped for the old, at once and without a rule. In every other case the new
 * content is made ready under another slot of the set, and the rules, changing at once, take it up. Members and rules that
 * changed one after the other could allow for a moment what neither state allows.
 */
export function planChange(applied: Applied, desired: Firewall, options: PlanOptions = {}): Plan {
  const families = [
    planFamily(applied[4], desired[4], { ...options, family: 4 }),
    planFamily(applied[6], desired[6], { ...options, family: 6 }),
  ] as const;
  const frames = applied.frames && planFrames(applied.frames, desired.frames);
  const before = families.flatMap((family) => family.setsBefore);
  const after = families.flatMap((family) => family.setsAfter);
  return {
    steps: [
      ...(before.length > 0 ? [{ kind: 'sets' as const, lines: before }] : []),
      ...families.flatMap(({ family, text }) => (text === '' ? [] : [{ kind: 'rules' as const, family, text }])),
      ...(frames && frames.text !== '' ? [{ kind: 'frames' as const, text: frames.text }] : []),
      ...(after.length > 0 ? [{ kind: 'sets' as const, lines: after }] : []),
    ],
    diff: {
      rules: [...families.flatMap((family) => family.ruleChanges), ...(frames?.changes ?? [])],
      sets: families.flatMap((family) => family.setChanges),
    },
    applied: { 4: families[0].applied, 6: families[1].applied, frames: frames?.applied },
  };
}

interface FamilyPlan {
  readonly family: Family;
  readonly setsBefore: readonly string[];
  readonly text: string;
  readonly setsAfter: readonly string[];
  readonly ruleChanges: readonly RuleChange[];
  readonly setChanges: readonly SetChange[];
  readonly applied: AppliedFamily;
}

interface MemberChange {
  readonly name: string;
  readonly old: AppliedSet;
  readonly members: ReadonlySet<string>;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

function planFamily(
  applied: AppliedFamily,
  desired: FamilyFirewall,
  { family, keepStrays = false, rewriteChains = false }: PlanOptions & { family: Family },
): FamilyPlan {
  const isSame = applied.chains === desired.chains;
  const changedChains = isSame
    ? []
    : [...desired.chains.values()].filter((chain) => !isSameChain(applied.chains.get(chain.name), chain));
  const goneChains = isSame ? [] : [...applied.chains.values()].filter(({ name }) => !desired.chains.has(name));
  const missingHooks = hooksWithout(desired.hooks, applied.hooked);
  const goneHooks = hooksWithout(applied.hooked, desired.hooks);
  const changes = memberChanges(applied, desired);
  const hookChanges = missingHooks.length + goneHooks.length + applied.misplaced.length;
  const rulesChange = changedChains.length + goneChains.length + hookChanges > 0;
  const onlyMembersChange = !rulesChange && [...desired.sets.keys()].every((name) => applied.sets.has(name));
  const inPlace = onlyMembersChange && isOneWay(changes) && changes.every(fits);
  const swapped = onlyMembersChange && changes.length === 1 && !rewriteChains;

  const setsBefore: string[] = [];
  const setsAfter: string[] = [];
  const setChanges: SetChange[] = [];
  // Those read from the kernel are compared once: from then on the equal one that is desired stands for it.
  const sets = new Map(
    [...applied.sets].map(([name, set]) => [name, { ...set, members: desired.sets.get(name) ?? set.members }]),
  );
  const strays = new Map(applied.strays);
  const moved = new Set<string>();
  const makeReady = (name: string, members: ReadonlySet<string>): AppliedSet => {
    const slot = freeSlot(name, applied);
    const fullName = slottedName(name, slot);
    const capacity = capacityFor(members.size);
    // A set that was left behind may have any content.
    if (strays.delete(fullName)) setsBefore.push(`destroy ${fullName}`);
    const inet = family === 4 ? 'inet' : 'inet6';
    const counters = countsMembers(name) ? ' counters' : '';
    setsBefore.push(`create ${fullName} ${setTypeOf(name)} family ${inet} maxelem ${capacity}${counters}`);
    for (const member of members) setsBefore.push(`add ${fullName} ${member}`);
    return { slot, capacity, members };
  };
  const move = (name: string, members: ReadonlySet<string>) => {
    const made = makeReady(name, members);
    setChanges.push(...newSetChanges(slottedName(name, made.slot), members, family));
    sets.set(name, made);
    moved.add(name);
  };

  for (const [name, members] of desired.sets) if (!applied.sets.has(name)) move(name, members);
  for (const change of changes) {
    const { name, old, members } = change;
    const fullName = slottedName(name, old.slot);
    if (swapped && !inPlace) {
      const fresh = makeReady(name, members);
      const freshName = slottedName(name, fresh.slot);
      // In a step of its own: it is not taken where a line before was refused.
      setsAfter.push(`swap ${freshName} ${fullName}`);
      setChanges.push(...newSetChanges(freshName, old.members, family), ...inPlaceChanges(change, family));
      strays.set(freshName, old.members);
      sets.set(name, { ...fresh, slot: old.slot });
    } else if (inPlace) {
      for (const { kind, set, member } of inPlaceChanges(change, family)) {
        setsBefore.push(`${kind === 'added' ? 'add' : 'del'} ${set} ${member}`);
      }
      setChanges.push(...inPlaceChanges(change, family));
      sets.set(name, { ...old, members });
    } else {
      move(name, members);
      strays.set(fullName, old.members);
    }
  }
  for (const [name, { slot, members }] of applied.sets) {
    if (desired.sets.has(name)) continue;
    sets.delete(name);
    strays.set(slottedName(name, slot), members);
  }
  if (!keepStrays) {
    for (const fullName of strays.keys()) {
      setsAfter.push(`destroy ${fullName}`);
      setChanges.push({ family, set: fullName, kind: 'removed', member: '' });
    }
    strays.clear();
  }

  if (moved.size > 0) {
    const changed = new Set(changedChains);
    for (const chain of desired.chains.values()) {
      if (!changed.has(chain) && setNamesOf(chain).some((name) => moved.has(name))) changedChains.push(chain);
    }
  }
  const oldSlots = (name: string) => applied.sets.get(name)?.slot;
  const newSlots = (name: string) => sets.get(name)?.slot;
  const written = changedChains.map((chain) => {
    const old = applied.chains.get(chain.name);
    const isThere = old?.table === chain.table;
    return {
      ...chain,
      rules: slottedRules(chain, newSlots),
      before: isThere && !rewriteChains ? slottedRules(old, oldSlots) : undefined,
    };
  });
  return {
    family,
    setsBefore,
    setsAfter,
    text: renderOrdered(
      { written, goneChains, missingHooks, misplaced: [...goneHooks, ...applied.misplaced] },
      applied.chains,
      desired.chains,
    ),
    ruleChanges: [
      ...applied.misplaced.map((hook) => ({ family, ...hook, kind: 'removed' as const, position: 0 })),
      ...goneHooks.map((hook) => ({ family, ...hook, kind: 'removed' as const, position: 1 })),
      ...written.flatMap((chain) => chainChanges(chain, applied.chains.get(chain.name), { family, oldSlots })),
      ...missingHooks.map((hook) => ({ family, ...hook, kind: 'added' as const, position: 1 })),
      ...goneChains.flatMap((chain) => goneChanges(chain, { family, oldSlots })),
    ],
    setChanges,
    applied: {
      hooked: desired.hooks,
      misplaced: [],
      chains: desired.chains,
      sets,
      strays,
    },
  };
}

function memberChanges(applied: AppliedFamily, desired: FamilyFirewall): MemberChange[] {
  const changes: MemberChange[] = [];
  for (const [name, members] of desired.sets) {
    const old = applied.sets.get(name);
    if (old === undefined || old.members === members) continue;
    const added = missingIn(old.members, members);
    const isAllKept = old.members.size + added.length === members.size;
    const removed = isAllKept ? [] : missingIn(members, old.members);
    if (added.length + removed.length > 0) changes.push({ name, old, members, added, removed });
  }
  return changes;
}

/** What one set has and another one does not: sets are large, and few of their members change. */
function missingIn(other: ReadonlySet<string>, members: ReadonlySet<string>): string[] {
  const missing: string[] = [];
  for (const member of members) if (!other.has(member)) missing.push(member);
  return missing;
}

function newSetChanges(set: string, members: ReadonlySet<string>, family: Family): SetChange[] {
  return ['', ...members].map((member) => ({ family, set, kind: 'added' as const, member }));
}

function inPlaceChanges({ name, old, added, removed }: MemberChange, family: Family): SetChange[] {
  const set = slottedName(name, old.slot);
  return [
    ...added.map((member) => ({ family, set, kind: 'added' as const, member })),
    ...removed.map((member) => ({ family, set, kind: 'removed' as const, member })),
  ];
}

function isOneWay(changes: readonly MemberChange[]): boolean {
  return changes.every(({ added }) => added.length === 0) || changes.every(({ removed }) => removed.length === 0);
}

function fits({ members, old }: MemberChange): boolean {
  return members.size <= old.capacity;
}

/** At least twice the members: a full set refuses the next one. */
function capacityFor(memberCount: number): number {
  let capacity = leastCapacity;
  while (capacity < 2 * memberCount) capacity *= 2;
  return capacity;
}

function isSameChain(old: Chain | undefined, chain: Chain): boolean {
  if (old === chain) return true;
  return old?.table === chain.table && areSameRules(old.rules, chain.rules);
}

function chainChanges(
  chain: Chain,
  old: Chain | undefined,
  { family, oldSlots }: { family: Family; oldSlots: (name: string) => Slot | undefined },
): RuleChange[] {
  const place = { family, table: chain.table, chain: chain.name };
  const created: RuleChange[] = old === undefined ? [{ ...place, kind: 'added', rule: '', position: 0 }] : [];
  const before = old === undefined ? [] : slottedRules(old, oldSlots);
  return [...created, ...diffRules(before, chain.rules).map((change) => ({ ...place, ...change }))];
}

function goneChanges(
  chain: Chain,
  { family, oldSlots }: { family: Family; oldSlots: (name: string) => Slot | undefined },
): RuleChange[] {
  const place = { family, table: chain.table, chain: chain.name, kind: 'removed' as const, position: 0 };
  const removed = diffRules(slottedRules(chain, oldSlots), []);
  return [...removed.map((change) => ({ ...place, ...change })), { ...place, rule: '' }];
}
