import { type FrameFilter, frameHook, frameTable, isOwnChain, parseSavedTables } from '@portcullis/ruleset';
import { areSameRules, diffRules, type RuleChange } from './diff.js';

/** What of ours ebtables holds. */
export interface AppliedFrames {
  /** Whether the jump to our chains is the first rule of PREROUTING. */
  readonly isHooked: boolean;
  /** Jumps to our chains anywhere else; to be deleted by value. */
  readonly misplaced: readonly { readonly chain: string; readonly rule: string }[];
  readonly chains: FrameFilter['chains'];
}

export const noFrames: AppliedFrames = { isHooked: false, misplaced: [], chains: new Map() };

export interface FramesPlan {
  /** Input of `ebtables-restore --noflush`, which changes the table at once; empty where nothing is to be done. */
  readonly text: string;
  readonly changes: readonly RuleChange[];
  readonly applied: AppliedFrames;
}

/** Reads what `ebtables-save` printed; foreign chains and rules are left out (E6). */
export function readFrames(text: string): AppliedFrames {
  const chains = new Map<string, readonly string[]>();
  const misplaced: { chain: string; rule: string }[] = [];
  let isHooked = false;
  for (const [name, rules] of parseSavedTables(text).get(frameTable) ?? []) {
    if (isOwnChain(name)) chains.set(name, rules);
    else {
      rules.forEach((rule, index) => {
        if (name === 'PREROUTING' && index === 0 && rule === frameHook) isHooked = true;
        else if (/ ?-j PC-/.test(rule)) misplaced.push({ chain: name, rule });
      });
    }
  }
  return { isHooked, misplaced, chains };
}

/** From what ebtables holds to what it is to hold. A chain that changes is written anew: they are short. */
export function planFrames(applied: AppliedFrames, { chains }: FrameFilter): FramesPlan {
  if (applied.chains === chains && applied.isHooked === chains.size > 0 && applied.misplaced.length === 0) {
    return { text: '', changes: [], applied };
  }
  const after: AppliedFrames = { isHooked: chains.size > 0, misplaced: [], chains };
  const written = [...chains].filter(([name, rules]) => !areSameRules(applied.chains.get(name), rules));
  const gone = [...applied.chains.keys()].filter((name) => !chains.has(name));
  const unhooked = applied.isHooked && !after.isHooked ? [{ chain: 'PREROUTING', rule: frameHook }] : [];
  const lines = [
    ...[...written.map(([name]) => name), ...gone].map((name) => `:${name} RETURN`),
    ...[...applied.misplaced, ...unhooked].map(({ chain, rule }) => `-D ${chain} ${rule}`),
    ...written.flatMap(([name, rules]) => rules.map((rule) => `-A ${name} ${rule}`)),
    ...(after.isHooked && !applied.isHooked ? [`-I PREROUTING 1 ${frameHook}`] : []),
    ...gone.map((name) => `-X ${name}`),
  ];
  const text = lines.length === 0 ? '' : `*${frameTable}\n${lines.join('\n')}\nCOMMIT\n`;
  return { text, changes: diffFrames(applied, after), applied: after };
}

/** How two states of ebtables differ. */
export function diffFrames(before: AppliedFrames, after: AppliedFrames): RuleChange[] {
  const changes: RuleChange[] = [];
  const place = { family: 2, table: frameTable } as const;
  for (const { chain, rule } of before.misplaced)
    changes.push({ ...place, chain, rule, kind: 'removed' as const, position: 0 });
  for (const chain of new Set([...before.chains.keys(), ...after.chains.keys()])) {
    const [old, now] = [before.chains.get(chain), after.chains.get(chain)];
    if (old === now) continue;
    if (old === undefined) changes.push({ ...place, chain, kind: 'added', rule: '', position: 0 });
    changes.push(...diffRules(old ?? [], now ?? []).map((change) => ({ ...place, chain, ...change })));
    if (now === undefined) changes.push({ ...place, chain, kind: 'removed', rule: '', position: 0 });
  }
  if (before.isHooked !== after.isHooked) {
    const kind = after.isHooked ? ('added' as const) : ('removed' as const);
    changes.push({ ...place, chain: 'PREROUTING', rule: frameHook, kind, position: 1 });
  }
  return changes;
}
