import type { PortRange } from '@portcullis/model';
import { portDepth } from './depths.js';

/**
 * From how many rules on those of one protocol are told apart by their ports: as many ports as there are between two of the last
 * steps, so that a list of neighbours stays as it is when a rule far away from them puts a chain above theirs.
 */
const leastInTree = 16;
const portBits = 16;
/** Ports are told apart by three bits at once, always from a multiple of three on: a rule that comes leaves most chains alone. */
const step = 3;

export interface PortRule {
  readonly protocol: 'tcp' | 'udp';
  readonly ports: PortRange;
  readonly text: string;
}

/** One chain of the tree; `code` tells it from the others. */
interface PortChain {
  readonly code: string;
  readonly rules: readonly string[];
}

export interface PortTree {
  /** The rules that lead into the tree; of few rules, these themselves. */
  readonly entry: readonly string[];
  readonly chains: readonly PortChain[];
}

/**
 * Rules about ports, so that a packet is compared with few of many: a tree on the bits of the port. A chain has the rules whose
 * ports are not all those of one branch, then leads to the branches: what a branch does not have, no rule allows.
 */
export function renderPortTree(rules: readonly PortRule[], nameOf: (code: string) => string): PortTree {
  const made: PortChain[] = [];
  const entry = (['tcp', 'udp'] as const).flatMap((protocol) => {
    const own = rules.filter((rule) => rule.protocol === protocol);
    if (own.length < leastInTree) return textsOf(own);
    const code = codeOf(protocol, { prefix: 0, length: 0 });
    made.push(...chainsOf({ protocol, code, depth: 1, nameOf }, own));
    return [`-p ${protocol} -g ${nameOf(code)}`];
  });
  return { entry, chains: made };
}

interface Branch {
  readonly protocol: PortRule['protocol'];
  readonly code: string;
  readonly depth: number;
  readonly nameOf: (code: string) => string;
}

function chainsOf({ protocol, code, depth, nameOf }: Branch, rules: readonly PortRule[]): PortChain[] {
  const common = Math.min(...rules.map(({ ports }) => sharedBits(rules[0]?.ports.start ?? 0, ports)));
  const length = Math.min(common - (common % step) + step, portBits);
  if (rules.length < leastInTree || common === portBits || depth === portDepth)
    return [{ code, rules: textsOf(rules) }];
  const shift = portBits - length;
  const branches = new Map<number, PortRule[]>();
  const here: PortRule[] = [];
  for (const rule of rules) {
    const prefix = rule.ports.start >> shift;
    if (prefix !== rule.ports.end >> shift) here.push(rule);
    else branches.set(prefix, [...(branches.get(prefix) ?? []), rule]);
  }
  const gotos: string[] = [];
  const below: PortChain[] = [];
  for (const [prefix, members] of [...branches].toSorted(([a], [b]) => a - b)) {
    if (members.length === 1) here.push(...members);
    else {
      const branch = codeOf(protocol, { prefix, length });
      const [start, end] = [prefix << shift, ((prefix + 1) << shift) - 1];
      const range = start === end ? `${start}` : `${start}:${end}`;
      gotos.push(`-p ${protocol} -m ${protocol} --dport ${range} -g ${nameOf(branch)}`);
      below.push(...chainsOf({ protocol, code: branch, depth: depth + 1, nameOf }, members));
    }
  }
  return [{ code, rules: [...textsOf(here), ...gotos] }, ...below];
}

/** Order never changes a verdict; sorted, the same rules give the same chain. */
function textsOf(rules: readonly PortRule[]): string[] {
  return [...new Set(rules.map(({ text }) => text).toSorted())];
}

/** A letter and at most four more: a one, then the bits of the prefix. */
function codeOf(protocol: PortRule['protocol'], { prefix, length }: { prefix: number; length: number }): string {
  return `${protocol[0]}${((1 << length) | prefix).toString(36)}`;
}

/** How many bits a port and a range begin with alike. */
function sharedBits(port: number, { start, end }: PortRange): number {
  return Math.clz32((port ^ start) | (port ^ end)) - (32 - portBits);
}
