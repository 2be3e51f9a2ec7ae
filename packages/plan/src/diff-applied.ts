import type { Family } from '@portcullis/model';
import { type HookRule, slottedName } from '@portcullis/ruleset';
import { type Applied, type AppliedFamily, hooksWithout } from './applied.js';
import { type Diff, diffRules, type RuleChange, type SetChange } from './diff.js';
import { diffFrames, noFrames } from './frames.js';
import { slottedRules } from './slots.js';

/** How two states of a kernel differ, whatever way led from one to the other. Replayed on the first it gives the second. */
export function diffApplied(before: Applied, after: Applied): Diff {
  const families = [4, 6] as const;
  return {
    rules: [
      ...families.flatMap((family) => ruleChanges(before[family], after[family], family)),
      ...diffFrames(before.frames ?? noFrames, after.frames ?? noFrames),
    ],
    sets: families.flatMap((family) => setChanges(before[family], after[family], family)),
  };
}

function ruleChanges(before: AppliedFamily, after: AppliedFamily, family: Family): RuleChange[] {
  const changes: RuleChange[] = [];
  if (before.chains === after.chains && before.sets === after.sets && before.hooked === after.hooked) return changes;
  const rulesOf = (name: string, { chains, sets }: AppliedFamily) => {
    const chain = chains.get(name);
    return chain === undefined ? undefined : slottedRules(chain, (set) => sets.get(set)?.slot);
  };
  for (const [name, { table }] of new Map([...before.chains, ...after.chains])) {
    const place = { family, table, chain: name };
    const old = rulesOf(name, before);
    const now = rulesOf(name, after);
    if (old === undefined) changes.push({ ...place, kind: 'added', rule: '', position: 0 });
    changes.push(...diffRules(old ?? [], now ?? []).map((change) => ({ ...place, ...change })));
    if (now === undefined) changes.push({ ...place, kind: 'removed', rule: '', position: 0 });
  }
  const changed = (kind: 'added' | 'removed', hooks: readonly HookRule[]) =>
    changes.push(...hooks.map((hook) => ({ family, ...hook, kind, position: 1 })));
  changed('removed', hooksWithout(before.hooked, after.hooked));
  changed('added', hooksWithout(after.hooked, before.hooked));
  return changes;
}

function setChanges(before: AppliedFamily, after: AppliedFamily, family: Family): SetChange[] {
  const [old, now] = [allSets(before), allSets(after)];
  const changes: SetChange[] = [];
  for (const set of new Set([...old.keys(), ...now.keys()])) {
    const [had, has] = [old.get(set), now.get(set)];
    if (had === has) continue;
    if (has === undefined) {
      changes.push({ family, set, kind: 'removed', member: '' });
      continue;
    }
    if (had === undefined) changes.push({ family, set, kind: 'added', member: '' });
    for (const member of has) if (!had?.has(member)) changes.push({ family, set, kind: 'added', member });
    for (const member of had ?? []) if (!has.has(member)) changes.push({ family, set, kind: 'removed', member });
  }
  return changes;
}

/** Members by full name, also of sets that no rule names. */
function allSets({ sets, strays }: AppliedFamily): Map<string, ReadonlySet<string>> {
  const named = [...sets].map(([name, { slot, members }]) => [slottedName(name, slot), members] as const);
  return new Map([...named, ...strays]);
}
