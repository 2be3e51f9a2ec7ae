/**
 * A host's iptables and ipset, as far as the fate of packets goes: reads the very text the kernel tools read.
 *
 * Owns: tables of both families, sets. Does not own: connections; the caller says what state a packet is in.
 *
 * Invariants
 * S1 What is not understood is refused when it is read: a verdict is never a guess.
 * S2 As in the kernel, no rule names a chain or a set that does not exist.
 */
import type { Packet } from '../frames.js';
import { Sets } from './sets.js';
import { type ConnectionState, type Hook, type Situation, setOut, type Traveller } from './situation.js';
import { type RestoreOptions, restoreTables, type Table, type Tables } from './tables.js';

export interface Verdict {
  readonly verdict: 'accept' | 'drop';
  /** The rules and policies that matched, in order: `filter FORWARD: -p tcp -j web`. */
  readonly trace: readonly string[];
  /** The marks the packet has in the end. */
  readonly mark: number;
  readonly connectionMark: number;
}

export interface FirewallText {
  /** iptables-save text, any number of tables. */
  readonly ipv4?: string;
  /** ip6tables-save text. */
  readonly ipv6?: string;
  /** ipset save text. */
  readonly sets?: string;
}

/** The hooks of a path, and the tables at each, in the kernel's order of priorities. */
const paths: Readonly<Record<'forward' | 'input' | 'output', readonly (readonly [Hook, readonly string[]])[]>> = {
  forward: [
    ['PREROUTING', ['raw', 'mangle']],
    ['FORWARD', ['mangle', 'filter', 'security']],
    ['POSTROUTING', ['mangle']],
  ],
  input: [
    ['PREROUTING', ['raw', 'mangle']],
    ['INPUT', ['mangle', 'filter', 'security']],
  ],
  output: [
    ['OUTPUT', ['raw', 'mangle', 'filter', 'security']],
    ['POSTROUTING', ['mangle']],
  ],
};

export class SimulatedFirewall {
  readonly #sets = new Sets();
  readonly #tables: Record<4 | 6, Tables> = { 4: new Map(), 6: new Map() };

  constructor(text: FirewallText = {}) {
    if (text.sets !== undefined) this.restoreSets(text.sets);
    if (text.ipv4 !== undefined) this.restoreRules(4, text.ipv4);
    if (text.ipv6 !== undefined) this.restoreRules(6, text.ipv6);
  }

  /** `iptables-restore`, or `ip6tables-restore`; throws as they fail, and on what it does not know. */
  restoreRules(family: 4 | 6, text: string, options: Pick<RestoreOptions, 'keepOthers'> = {}): void {
    const hasSet = (name: string) => this.#sets.fits(name, family);
    this.#tables[family] = restoreTables(this.#tables[family], text, { ...options, family, hasSet });
  }

  /** `ipset restore`: lines before one that fails stay. */
  restoreSets(text: string): void {
    this.#sets.restore(text, (name) => this.#isInUse(name));
  }

  setNames(): string[] {
    return this.#sets.names();
  }

  /** The fate of one packet. A rejected packet counts as dropped. */
  judge(packet: Packet, situation: Situation = {}): Verdict {
    const traveller = setOut(packet, situation);
    const trace: string[] = [];
    for (const [hook, names] of paths[situation.path ?? 'forward']) {
      traveller.hook = hook;
      for (const name of names) {
        const table = this.#tables[packet.family].get(name);
        if (table?.get(hook) === undefined) continue;
        const verdict = this.#withTracking(name, traveller, () =>
          walkHook({ name, table, sets: this.#sets, trace }, traveller),
        );
        if (verdict === 'drop') return { verdict, trace, ...marks(traveller) };
      }
    }
    return { verdict: 'accept', trace, ...marks(traveller) };
  }

  /** Before connection tracking has seen a packet, no state matches it but INVALID. */
  #withTracking<T>(table: string, traveller: Traveller, walk: () => T): T {
    if (table !== 'raw') return walk();
    const state: ConnectionState = traveller.state;
    traveller.state = 'invalid';
    const result = walk();
    if (traveller.state === 'invalid') traveller.state = state;
    return result;
  }

  #isInUse(name: string): boolean {
    const tables = [...this.#tables[4].values(), ...this.#tables[6].values()];
    const chains = tables.flatMap((table) => [...table.values()]);
    return chains.some(({ rules }) => rules.some(({ setNames }) => setNames.includes(name)));
  }
}

interface Walk {
  readonly name: string;
  readonly table: Table;
  readonly sets: Sets;
  readonly trace: string[];
}

/** The kernel refuses loops when a table is loaded; a walk this deep is one. */
const maxDepth = 64;

function walkHook(walk: Walk, traveller: Traveller): 'accept' | 'drop' {
  const verdict = walkChain(walk, traveller.hook, traveller, 0);
  if (verdict !== undefined) return verdict;
  const policy = walk.table.get(traveller.hook)?.policy ?? 'accept';
  walk.trace.push(`${walk.name} ${traveller.hook}: policy ${policy}`);
  return policy;
}

/** Undefined when the chain ends or returns without a verdict. */
function walkChain(walk: Walk, chain: string, traveller: Traveller, depth: number): 'accept' | 'drop' | undefined {
  if (depth > maxDepth) throw new Error(`chains call each other in a loop: ${chain}`);
  for (const rule of walk.table.get(chain)?.rules ?? []) {
    if (!rule.matches.every((match) => match(traveller, walk.sets))) continue;
    walk.trace.push(`${walk.name} ${chain}: ${rule.text}`);
    for (const effect of rule.effects) effect(traveller);
    const { outcome } = rule;
    switch (outcome?.kind) {
      case undefined:
        break;
      case 'accept':
      case 'drop':
        return outcome.kind;
      case 'return':
        return undefined;
      case 'goto':
        return walkChain(walk, outcome.chain, traveller, depth + 1);
      case 'jump': {
        const verdict = walkChain(walk, outcome.chain, traveller, depth + 1);
        if (verdict !== undefined) return verdict;
      }
    }
  }
  return undefined;
}

function marks({ mark, connectionMark }: Traveller): Pick<Verdict, 'mark' | 'connectionMark'> {
  return { mark, connectionMark };
}
