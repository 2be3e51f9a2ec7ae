import { type Outcome, parseRule, type Rule } from './rule.js';

interface Chain {
  /** Of built-in chains only. */
  readonly policy: 'accept' | 'drop' | undefined;
  readonly rules: readonly Rule[];
}

/** By name. */
export type Table = ReadonlyMap<string, Chain>;

/** By name: `filter`, `raw`, `mangle`. */
export type Tables = ReadonlyMap<string, Table>;

export interface RestoreOptions {
  readonly family: 4 | 6;
  /** What iptables-restore does with `--noflush`: chains the text does not declare stay. Default: false. */
  readonly keepOthers?: boolean;
  /** Whether a rule of this family may name that set. */
  readonly hasSet: (name: string) => boolean;
}

/**
 * Reads iptables-save or iptables-restore text over the present tables. All or nothing per table, as the kernel has it:
 * a table is checked at its COMMIT, and what was committed before an error is lost with the exception here.
 */
export function restoreTables(present: Tables, text: string, options: RestoreOptions): Tables {
  const tables = new Map(present);
  let open: { name: string; chains: Map<string, Chain> } | undefined;
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('*')) {
      const name = line.slice(1);
      open = { name, chains: new Map(options.keepOthers === true ? tables.get(name) : []) };
      continue;
    }
    if (open === undefined) throw new Error(`outside a table: ${line}`);
    if (line === 'COMMIT') {
      checkTable(open.name, open.chains, options.hasSet);
      tables.set(open.name, open.chains);
      open = undefined;
    } else applyLine(open.chains, line, options.family);
  }
  if (open !== undefined) throw new Error(`table ${open.name} has no COMMIT`);
  return tables;
}

function applyLine(chains: Map<string, Chain>, line: string, family: 4 | 6): void {
  const declared = /^:(\S+) (\S+)/.exec(line);
  if (declared !== null) {
    const [, name = '', policy = ''] = declared;
    chains.set(name, { policy: parsePolicy(policy, line), rules: [] });
    return;
  }
  const command = /^(?:\[\d+:\d+\] )?-([AIDFXNP])(?: (\S+))?(?: (.*))?$/.exec(line);
  if (command === null) throw new Error(`unknown line: ${line}`);
  const [, letter, name = '', rest = ''] = command;
  const chain = chains.get(name);
  if (letter === 'N' && chain === undefined) chains.set(name, { policy: undefined, rules: [] });
  else if (chain === undefined || letter === 'N') throw new Error(`chain ${chain ? 'exists' : 'is unknown'}: ${line}`);
  else if (letter === 'X') removeChain(chains, name, line);
  else if (letter === 'P') chains.set(name, { ...chain, policy: parsePolicy(rest, line) });
  else chains.set(name, { ...chain, rules: editedRules(chain.rules, letter ?? '', rest, family) });
}

function editedRules(rules: readonly Rule[], letter: string, rest: string, family: 4 | 6): Rule[] {
  if (letter === 'F') return [];
  if (letter === 'A') return [...rules, parseRule(rest, family)];
  const [, number, ruleText = ''] = /^(\d+)?\s*(.*)$/.exec(rest) ?? [];
  const at = number === undefined ? 0 : Number(number) - 1;
  if (letter === 'I') {
    if (at < 0 || at > rules.length) throw new Error(`no rule ${number}`);
    return rules.toSpliced(at, 0, parseRule(ruleText, family));
  }
  const found = number === undefined ? rules.findIndex(({ text }) => text === rest) : at;
  if (rules[found] === undefined) throw new Error(`no such rule: ${rest}`);
  return rules.toSpliced(found, 1);
}

function removeChain(chains: Map<string, Chain>, name: string, line: string): void {
  const chain = chains.get(name);
  if (chain?.rules.length !== 0 || chain.policy !== undefined) throw new Error(`chain is not empty: ${line}`);
  chains.delete(name);
}

function parsePolicy(text: string, line: string): Chain['policy'] {
  if (text === '-') return undefined;
  if (text === 'ACCEPT') return 'accept';
  if (text === 'DROP') return 'drop';
  throw new Error(`unknown policy: ${line}`);
}

function checkTable(name: string, chains: Table, hasSet: (name: string) => boolean): void {
  if (name === 'nat' && [...chains.values()].some(({ rules }) => rules.length > 0))
    throw new Error('nat is not simulated');
  for (const [chainName, { rules }] of chains) {
    if (chainName.length > 28) throw new Error(`chain name ${chainName} is too long`);
    for (const { outcome, setNames, text } of rules) {
      const target = targetChain(outcome);
      if (target !== undefined && !chains.has(target)) throw new Error(`no chain or target ${target}: ${text}`);
      const missing = setNames.find((set) => !hasSet(set));
      if (missing !== undefined) throw new Error(`no set ${missing} of this family: ${text}`);
    }
  }
}

function targetChain(outcome: Outcome | undefined): string | undefined {
  return outcome?.kind === 'jump' || outcome?.kind === 'goto' ? outcome.chain : undefined;
}
