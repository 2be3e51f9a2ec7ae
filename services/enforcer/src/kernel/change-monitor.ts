import { readlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Launcher, RunningTool } from './exec.js';
import type { Writer } from './kernel-tools.js';
import { complaintOf } from './tool-error.js';

export interface ChangeMonitorOptions {
  readonly launcher: Pick<Launcher, 'start' | 'isOwn'>;
  /** Why changes by others are not heard of, or undefined once they are. */
  readonly onProblem: (problem: string | undefined) => void;
  /** Link to the namespace whose process ids this process sees. Default: /proc/self/ns/pid. */
  readonly pidNamespace?: string;
  /** Pause before it is started again; doubled up to a minute while it ends at once. Default: 1 000 ms. */
  readonly pauseMs?: number;
}

/** The kernel names a writer by its id in this namespace, whose number never changes. */
const initialPidNamespace = 'pid:[4026531836]';
const longestPauseMs = 60_000;
/** A tool that has run for so long works, and what was changed before it listened can be looked for. */
const listeningAfterMs = 1000;

/** A table, chain or rule of ours, or of a chain that leads to ours. */
const ours =
  /^\S+ (?:table|chain|rule) (?:ip6? (?:filter|raw)|bridge nat)(?:$| ?\{| (?:PC-\S*|INPUT|FORWARD|PREROUTING)(?: |$))/;
const generation = /^# new generation \d+(?: by process (\d+) \((.*)\))?/;

/**
 * Hears from the kernel which program has changed rules (`nft monitor`): what a transaction changed, then a line with the
 * generation of the rule set and the writer.
 *
 * Owns: one child process, started again after it has ended.
 * Does not own: what follows from a change.
 * Invariants: 1. Writes of processes that this one has started are passed over. 2. So are those that touch nothing of ours.
 * 3. What may have gone unnoticed is told, as a change by nobody known.
 */
export class ChangeMonitor {
  readonly #options: ChangeMonitorOptions;
  #child: RunningTool | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #touchesOurs = false;
  #pauseMs: number;

  constructor(options: ChangeMonitorOptions) {
    this.#options = options;
    this.#pauseMs = options.pauseMs ?? 1000;
  }

  start(onChange: (writer: Writer | undefined) => void): void {
    void this.#start(onChange);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  async #start(onChange: (writer: Writer | undefined) => void): Promise<void> {
    const { onProblem, pidNamespace = '/proc/self/ns/pid' } = this.#options;
    const seen = await readlink(pidNamespace).catch(() => '');
    if (seen === initialPidNamespace) this.#listen(onChange, true);
    else onProblem('this process does not see the process ids of the host, by which the kernel names who has written');
  }

  #listen(onChange: (writer: Writer | undefined) => void, isFirst: boolean): void {
    if (this.#isClosed) return;
    const { launcher, onProblem, pauseMs = 1000 } = this.#options;
    // If this process is killed, the tool ends at the next change, which it cannot write any more.
    const child = launcher.start(['stdbuf', '-oL', 'nft', 'monitor']);
    this.#child = child;
    this.#touchesOurs = false;
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-4096);
    });
    createInterface({ input: child.stdout }).on('line', (line) => this.#read(line, onChange));
    this.#timer = setTimeout(() => {
      this.#pauseMs = pauseMs;
      onProblem(undefined);
      if (!isFirst) onChange(undefined);
    }, listeningAfterMs);
    const end = (why: string) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      clearTimeout(this.#timer);
      if (this.#isClosed) return;
      onProblem(`nft monitor: ${complaintOf(complaints) || why}`);
      this.#timer = setTimeout(() => this.#listen(onChange, false), this.#pauseMs);
      this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
    };
    child.once('error', (error) => end(error.message));
    child.once('close', (status, signal) => end(`ended ${signal === null ? `with status ${status}` : `by ${signal}`}`));
  }

  #read(line: string, onChange: (writer: Writer | undefined) => void): void {
    if (line.startsWith('# ERROR')) onChange(undefined);
    const [isGeneration, pid, program = ''] = generation.exec(line) ?? [];
    if (isGeneration === undefined) {
      this.#touchesOurs ||= ours.test(line);
      return;
    }
    const isOurs = this.#touchesOurs;
    this.#touchesOurs = false;
    if (!isOurs || (pid !== undefined && this.#options.launcher.isOwn(Number(pid)))) return;
    onChange(pid === undefined ? undefined : { program, pid: Number(pid) });
  }
}
