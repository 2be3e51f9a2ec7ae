import type { Family } from '@portcullis/model';
import type { SavedKernel, Step } from '@portcullis/plan';
import type { RuleCounter } from '@portcullis/ruleset';
import { ChangeMonitor } from './change-monitor.js';
import type { Launcher } from './exec.js';
import { FlowSession } from './flow-session.js';
import type { Backend, KernelTools, RunOptions, Writer } from './kernel-tools.js';
import { framesCommand, idempotent, isUnknownSet, ProcessTools, restoreCommand } from './process-tools.js';
import { ToolError } from './tool-error.js';
import { ToolSession } from './tool-session.js';

/**
 * Tools that are kept running: `ipset -`, whose `version` line answers a batch, one restore per family and one for
 * frames, which echo the comment line after a COMMIT, and what starts `conntrack`. They see what others have changed since
 * their last batch, and hold no lock between two.
 * What needs exact errors, or reads, goes to a process of its own.
 */
export class SessionTools implements KernelTools {
  readonly backend: Backend;
  readonly #exact: ProcessTools;
  readonly #ipset: ToolSession;
  readonly #restore: Readonly<Record<4 | 6 | 'frames', ToolSession>>;
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
    const restore = (argv: readonly string[]) => new ToolSession({ launcher, argv: [...argv, '--verbose'] });
    this.#restore = {
      4: restore(restoreCommand(backend, 4)),
      6: restore(restoreCommand(backend, 6)),
      frames: restore(framesCommand),
    };
    this.#flows = new FlowSession(launcher);
    // The legacy back end has no events.
    if (backend === 'nft') this.#monitor = new ChangeMonitor({ launcher, onProblem: onMonitorProblem });
  }

  read(): Promise<SavedKernel> {
    return this.#exact.read();
  }

  async run(step: Step, { exact = false }: RunOptions = {}): Promise<void> {
    if (exact) return this.#exact.run(step);
    if (step.kind === 'rules') return this.#sendRules(this.#restore[step.family], step.text);
    if (step.kind === 'frames') return this.#runFrames(step);
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

  learningBridges(): Promise<ReadonlySet<string>> {
    return this.#exact.learningBridges();
  }

  readFlows(onLine: (line: string) => void): Promise<void> {
    return this.#flows.read(onLine);
  }

  async close(): Promise<void> {
    await this.#monitor?.close();
    await Promise.all([this.#ipset, ...Object.values(this.#restore), this.#flows].map((session) => session.close()));
  }

  /**
   * What is refused has changed nothing, and goes to a process of its own: it names the line, which no caller asks for of
   * frames, and before iptables 1.8.9 `--verbose` itself is what is refused.
   */
  async #runFrames(step: Step & { kind: 'frames' }): Promise<void> {
    try {
      await this.#sendRules(this.#restore.frames, step.text);
    } catch (error) {
      if (!(error instanceof ToolError) || error.failure !== 'refused') throw error;
      await this.#exact.run(step);
    }
  }

  async #sendRules(session: ToolSession, text: string): Promise<void> {
    this.#batchCount += 1;
    const answer = `# ack ${this.#batchCount}`;
    await session.send(`${text}${answer}\n`, (line) => line === answer);
  }

  #sendSets(lines: readonly string[]): Promise<string> {
    return this.#ipset.send(`${lines.join('\n')}\nversion\n`, (line) => line.includes('protocol version'));
  }
}
