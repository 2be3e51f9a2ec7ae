import type { Applied, AppliedFamily } from './applied.js';
import { type Plan, planChange } from './plan.js';

/** Takes every chain of ours, and every jump to one, out of a back end's tables. Sets and frames stay: both back ends share them. */
export function planRemoval(applied: Applied): Plan {
  const nothing = { hooks: [], chains: new Map(), sets: new Map(), ruleIds: new Map() };
  const rules = { 4: rulesOnly(applied[4]), 6: rulesOnly(applied[6]), frames: undefined };
  return planChange(rules, { 4: nothing, 6: nothing, frames: { chains: new Map() } });
}

function rulesOnly(family: AppliedFamily): AppliedFamily {
  return { ...family, sets: new Map(), strays: new Map() };
}

/** What the kernel holds once some of the sets that no rule names are gone. */
export function withoutStrays(applied: Applied, destroyed: ReadonlySet<string>): Applied {
  const without = (family: AppliedFamily): AppliedFamily => {
    const kept = [...family.strays].filter(([name]) => !destroyed.has(name));
    return kept.length === family.strays.size ? family : { ...family, strays: new Map(kept) };
  };
  return { ...applied, 4: without(applied[4]), 6: without(applied[6]) };
}
