import { type Chain, heldChain, isOwnChain, chains as ownChains } from '@portcullis/ruleset';
import { areSameRules } from './diff.js';
import { type RulesChange, renderRestore } from './restore-text.js';

type Chains = ReadonlyMap<string, Chain>;

/**
 * Input of `iptables-restore --noflush`, in which each table commits by itself. In whose name a packet is sent is judged in
 * `raw`, what it may be in `filter`, and both have to allow it: so that nothing passes on the way that neither state
 * allows, what becomes narrower in `raw` does before `filter` changes, and what becomes wider after it. Where a NIC's
 * addresses come and go, or some NICs do both, what held before is held beside the new until `filter` has changed.
 */
export function renderOrdered(change: RulesChange, applied: Chains, desired: Chains): string {
  const raw = partOf(change, 'raw');
  const [rawText, filterText] = [renderRestore(raw), renderRestore(partOf(change, 'filter'))];
  if (rawText === '' || filterText === '') return rawText + filterText;
  const touched = [...raw.written, ...raw.goneChains].map(({ name }) => name);
  // Where no chain of a NIC says something else, only what leads to them does: the other ports are judged as before.
  const isEdited = touched.some((name) => /^PC-S[NDX]-/.test(name) && applied.has(name) && desired.has(name));
  const sources = (chains: Chains) => sourcesOf(chains, isEdited ? chains.keys() : touched);
  const [before, after] = [sources(applied), sources(desired)];
  const isSame = (port: string) => {
    const name = before.get(port) ?? '';
    return after.get(port) === name && wholeOf(applied, name).every((chain) => isIn(desired, chain));
  };
  const ended = [...before].filter(([port]) => !isSame(port));
  const leftovers = [...applied.values()].filter(isHeld);
  if (ended.length + leftovers.length === 0) return rawText + filterText;
  const entry = desired.get(ownChains.prerouting);
  const isNarrower = raw.missingHooks.length > 0 || [...after.keys()].some((port) => !isSame(port));
  if (!isNarrower || entry === undefined) return filterText + rawText;
  const held = ended.map(([port, name]) => holdSource(port, name, wholeOf(applied, name)));
  const rules = new Set([...(applied.get(ownChains.held)?.rules ?? []), ...held.map(({ rule }) => rule)]);
  const root: Chain = { table: 'raw', name: ownChains.held, rules: [...rules] };
  const holding = [root, ...held.flatMap(({ chains }) => chains)];
  const anew = (chain: Chain) => ({ ...chain, before: undefined });
  const first = renderRestore({
    ...raw,
    written: [
      ...raw.written.filter(({ name }) => name !== entry.name),
      anew({ ...entry, rules: [`-j ${root.name}`, ...entry.rules] }),
      ...holding.map(anew),
    ],
    goneChains: raw.goneChains.filter((chain) => !isHeld(chain)),
  });
  const gone = new Map([...leftovers, ...holding].map((chain) => [chain.name, chain]));
  const nothing = { missingHooks: [], misplaced: [] };
  return first + filterText + renderRestore({ ...nothing, written: [anew(entry)], goneChains: [...gone.values()] });
}

function partOf({ written, goneChains, missingHooks, misplaced }: RulesChange, table: Chain['table']): RulesChange {
  const of = <Item extends { table: string }>(items: readonly Item[]) => items.filter((item) => item.table === table);
  return {
    written: of(written),
    goneChains: of(goneChains),
    missingHooks: of(missingHooks),
    misplaced: of(misplaced),
  };
}

/** The chain that judges what comes in by each bridge port, as far as these chains lead to it by the port's name. */
function sourcesOf(chains: Chains, names: Iterable<string>): Map<string, string> {
  const sources = new Map<string, string>();
  for (const name of names) {
    const chain = chains.get(name);
    if (chain?.table !== 'raw') continue;
    for (const rule of chain.rules) {
      if (!rule.startsWith('-m physdev')) continue;
      const [, port, source = ''] = /^-m physdev --physdev-in (\S+) -g (PC-SN-\S+)$/.exec(rule) ?? [];
      if (port !== undefined) sources.set(port, source);
    }
  }
  return sources;
}

/** A chain, and those that it leads to. */
function wholeOf(chains: Chains, name: string): Chain[] {
  const chain = chains.get(name);
  if (chain === undefined) return [];
  const targets = new Set(chain.rules.map(targetOf).filter(isOwnChain));
  return [chain, ...[...targets].flatMap((target) => wholeOf(chains, target))];
}

function isIn(chains: Chains, chain: Chain): boolean {
  return areSameRules(chains.get(chain.name)?.rules, chain.rules);
}

function isHeld({ name }: Chain): boolean {
  return name.startsWith(ownChains.held);
}

/** Copies of a port's chains under names of their own, and the rule that leads to them. */
function holdSource(port: string, name: string, whole: readonly Chain[]): { rule: string; chains: Chain[] } {
  const text = whole.flatMap(({ rules }) => rules).join('\n');
  const held = (chain: string) => heldChain(chain, text);
  const chains = whole.map((chain) => ({
    ...chain,
    name: held(chain.name),
    rules: chain.rules.map((rule) => rule.replace(/(?<= -[jg] )PC-\S+$/, held)),
  }));
  return { rule: `-m physdev --physdev-in ${port} -j ${held(name)}`, chains };
}

function targetOf(rule: string): string {
  return / -[jg] (\S+)$/.exec(rule)?.[1] ?? '';
}
