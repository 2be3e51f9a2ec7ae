import type { Family } from '@portcullis/model';
import type { SavedKernel, Step } from '@portcullis/plan';
import type { RuleCounter } from '@portcullis/ruleset';
import { ChangeMonitor } from './change-monitor.js';
import type { Launcher } from './exec.js';
import { FlowSession } from './flow-session.js';
import type { Backend, KernelTools, RunOptions, Writer } from './kernel-tools.js';
import { idempotent, isUnknownSet, ProcessTools, restoreCommand } from './process-tools.js';
import { ToolError } from './tool-error.js';
import { ToolSession } from './tool-session.js';

/**
 * Tools that are kept running: `ipset -`, whose `version` line answers a batch, one restore per family, which echoes the
 * comment line after a COMMIT, and what starts `conntrack`. They see what others have changed since their last batch, and hold no lock between two.
 * What needs exact errors, or reads, goes to a process of its own.
 */
export class SessionTools implements KernelTools {
  readonly backend: Backend;
  readonly #exact: ProcessTools;
  readonly #ipset: ToolSession;
  readonly #restore: Readonly<Record<4 | 6, ToolSession>>;
  readonly #flows: FlowSession;
  readonly #monitor: ChangeMonitor | undefined;
  #batchCount = 0;

  /** `onMonitorProblem`: why changes by others are not heard of, or undefined once they are. */
  constructor(
    backend: Backend,
    launcher: Launcher,
    onMonitorProblem: (problem: string | undefined) => void = () => {},
  ) {
    this.backend = backend;
    this.#exact = new ProcessTools(backend, launcher);
    this.#ipset = new ToolSession({ launcher, argv: ['ipset', '-'] });
    const restore = (family: 4 | 6) =>
      new ToolSession({ launcher, argv: [...restoreCommand(backend, family), '--verbose'] });
    this.#restore = { 4: restore(4), 6: restore(6) };
    this.#flows = new FlowSession(launcher);
    // The legacy back end has no events.
    if (backend === 'nft') this.#monitor = new ChangeMonitor({ launcher, onProblem: onMonitorProblem });
  }

  read(): Promise<SavedKernel> {
    return this.#exact.read();
  }

  async run(step: Step, { exact = false }: RunOptions = {}): Promise<void> {
    // Frames change when NICs do: too seldom to keep a process for them.
    if (exact || step.kind === 'frames') return this.#exact.run(step);
    if (step.kind === 'rules') {
      this.#batchCount += 1;
      const answer = `# ack ${this.#batchCount}`;
      await this.#restore[step.family].send(`${step.text}${answer}\n`, (line) => line === answer);
      return;
    }
    const complaint = await this.#sendSets(step.lines.map(idempotent));
    if (complaint !== '') throw new ToolError('refused', `ipset: ${complaint}`);
  }

  async destroySets(names: readonly string[]): Promise<ReadonlySet<string>> {
    const gone = new Set<string>();
    for (const name of names) {
      const complaint = await this.#sendSets([`destroy ${name}`]);
      if (complaint === '' || isUnknownSet(complaint)) gone.add(name);
    }
    return gone;
  }

  countMembers(): Promise<ReadonlyMap<string, number>> {
    return this.#exact.countMembers();
  }

  watch(onChange: (writer: Writer | undefined) => void): void {
    this.#monitor?.start(onChange);
  }

  countHits(family: Family, chains: readonly string[]): Promise<RuleCounter[]> {
    return this.#exact.countHits(family, chains);
  }

  countMemberHits(sets: readonly string[]): Promise<RuleCounter[]> {
    return this.#exact.countMemberHits(sets);
  }

  readFlows(onLine: (line: string) => void): Promise<void> {
    return this.#flows.read(onLine);
  }

  async close(): Promise<void> {
    await this.#monitor?.close();
    await Promise.all([this.#ipset, this.#restore[4], this.#restore[6], this.#flows].map((session) => session.close()));
  }

  #sendSets(lines: readonly string[]): Promise<string> {
    return this.#ipset.send(`${lines.join('\n')}\nversion\n`, (line) => line.includes('protocol version'));
  }
}
