import { type Chain, type Slot, setNameSource, slots, slottedName } from '@portcullis/ruleset';
import type { AppliedFamily } from './applied.js';

const setNamePattern = new RegExp(String.raw`\b${setNameSource}(?= )`, 'g');

/** The sets a chain names, without slots. */
export function setNamesOf(chain: Chain): string[] {
  return chain.rules.flatMap((rule) => rule.match(setNamePattern) ?? []);
}

/** The rules as the kernel has them: each set named with the slot it is in. */
export function slottedRules(chain: Chain, slotOf: (name: string) => Slot | undefined): string[] {
  return chain.rules.map((rule) =>
    rule.includes('pc-')
      ? rule.replaceAll(setNamePattern, (name) => {
          const slot = slotOf(name);
          return slot === undefined ? name : slottedName(name, slot);
        })
      : rule,
  );
}

/** Where a new content of a set is made ready: where neither the set is now nor an older one still lies, if there is such a place. */
export function freeSlot(name: string, { sets, strays }: AppliedFamily): Slot {
  const others = slots.filter((slot) => slot !== sets.get(name)?.slot);
  return others.find((slot) => !strays.has(slottedName(name, slot))) ?? others[0] ?? 'a';
}
