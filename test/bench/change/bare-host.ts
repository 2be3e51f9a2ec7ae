import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { enforceV1 } from '@portcullis/api';
import type { Lab } from '@portcullis/testing';
import type { KernelText } from './kernel-text.js';

type Batch = readonly [program: string, args: readonly string[], input: string];

/** A host without an enforcer, whose kernel is given the same text by bare processes. */
export class BareHost {
  readonly #backend: string;
  readonly #runner: ChildProcess;
  readonly #answers: Interface;

  constructor(lab: Lab, host: string, backend: string) {
    this.#backend = backend;
    const program = fileURLToPath(new URL('bare-runner.mjs', import.meta.url));
    this.#runner = lab.spawnIn(host, process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = this.#runner;
    if (stdout === null) throw new Error('the runner has no standard output');
    this.#answers = createInterface({ input: stdout });
  }

  /** Makes the whole state of another host, as its tools print it; returns the milliseconds it took. */
  restore(saved: KernelText): Promise<number> {
    return this.#run([
      ['ipset', ['restore'], saved.sets],
      [`iptables-${this.#backend}-restore`, [], saved.ipv4],
      [`ip6tables-${this.#backend}-restore`, [], saved.ipv6],
      ['ebtables-nft-restore', [], saved.frames],
    ]);
  }

  /** Makes the change of a diff; returns the milliseconds that the processes took. */
  apply(diff: enforceV1.KernelDiff): Promise<number> {
    return this.#run(batchesOf(diff, this.#backend));
  }

  async #run(batches: readonly Batch[]): Promise<number> {
    const answer = once(this.#answers, 'line');
    this.#runner.stdin?.write(`${JSON.stringify(batches)}\n`);
    const [line] = await answer;
    const result: unknown = JSON.parse(line);
    if (typeof result !== 'number') throw new Error(`the bare host refuses: ${String(result)}`);
    return result;
  }
}

/** Sets before the rules that name them, rules by family, frames (family 2), gone sets last. */
function batchesOf(diff: enforceV1.KernelDiff, backend: string): Batch[] {
  const isGone = ({ kind, member }: enforceV1.SetChange) => member === '' && kind === enforceV1.ChangeKind.REMOVED;
  const before = diff.sets.filter((change) => !isGone(change)).map(setLine);
  const after = diff.sets.filter(isGone).map(setLine);
  const sets = (lines: string[]): Batch[] =>
    lines.length > 0 ? [['ipset', ['restore'], `${lines.join('\n')}\n`]] : [];
  const programs = [
    [4, `iptables-${backend}-restore`],
    [6, `ip6tables-${backend}-restore`],
    [2, 'ebtables-nft-restore'],
  ] as const;
  const rules = programs.flatMap(([family, program]): Batch[] => {
    const text = restoreText(diff.rules.filter((change) => change.family === family));
    return text === '' ? [] : [[program, ['--noflush'], text]];
  });
  return [...sets(before), ...rules, ...sets(after)];
}

function setLine({ set, family, kind, member }: enforceV1.SetChange): string {
  const isAdded = kind === enforceV1.ChangeKind.ADDED;
  if (member !== '') return `${isAdded ? 'add' : 'del'} ${set} ${member}`;
  return isAdded ? `create ${set} hash:ip family ${family === 4 ? 'inet' : 'inet6'} maxelem 65536` : `destroy ${set}`;
}

function restoreText(changes: readonly enforceV1.RuleChange[]): string {
  const tables = new Map<string, string[]>();
  for (const change of changes) tables.set(change.table, [...(tables.get(change.table) ?? []), ruleLine(change)]);
  // Chains are declared before any rule jumps to them.
  const declaredFirst = (lines: string[]) =>
    lines.toSorted((a, b) => Number(b.startsWith(':')) - Number(a.startsWith(':')));
  return [...tables].map(([table, lines]) => `*${table}\n${declaredFirst(lines).join('\n')}\nCOMMIT\n`).join('');
}

function ruleLine({ family, chain, kind, rule, position }: enforceV1.RuleChange): string {
  const isAdded = kind === enforceV1.ChangeKind.ADDED;
  if (rule === '') return isAdded ? `:${chain} ${family === 2 ? 'RETURN' : '- [0:0]'}` : `-X ${chain}`;
  if (isAdded) return `-I ${chain} ${position} ${rule}`;
  return `-D ${chain} ${rule}`;
}
