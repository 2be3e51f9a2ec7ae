import type { Family } from '@portcullis/model';
import type { SavedKernel, Step } from '@portcullis/plan';
import { parseMemberCounters, parseRuleCounters, type RuleCounter } from '@portcullis/ruleset';
import { z } from 'zod';
import type { Launcher, ToolResult } from './exec.js';
import type { Backend, KernelTools } from './kernel-tools.js';
import { complaintOf, failureOf, ToolError } from './tool-error.js';

/** How long a tool waits for /run/xtables.lock, in seconds; only the legacy back end takes it. */
const lockWaitSeconds = '5';

/** Of what `ip -details` says of bridges. */
const bridgesSchema = z.array(
  z.object({
    ifname: z.string(),
    linkinfo: z.object({ info_data: z.object({ no_linklocal_learn: z.number().optional() }) }),
  }),
);

export function restoreCommand(backend: Backend, family: 4 | 6): string[] {
  return [`${programOf(backend, family)}-restore`, '--noflush', '-w', lockWaitSeconds];
}

/** It commits at each COMMIT, beside either back end, and takes no lock. */
export const framesCommand: readonly string[] = ['ebtables-nft-restore', '--noflush'];

/** One process per step: slower than processes that are kept running, and each error names its line. */
export class ProcessTools implements KernelTools {
  constructor(
    readonly backend: Backend,
    readonly launcher: Launcher,
  ) {}

  async read(): Promise<SavedKernel> {
    const frames = this.launcher.run(['ebtables-nft-save']);
    const [ipv4 = '', ipv6 = '', sets = ''] = await Promise.all(
      [[`${programOf(this.backend, 4)}-save`], [`${programOf(this.backend, 6)}-save`], ['ipset', 'save']].map(
        async (argv) => {
          const result = await this.launcher.run(argv);
          if (result.status !== 0) throw failed(argv, result);
          return result.stdout;
        },
      ),
    );
    const { status, stdout } = await frames;
    return { ipv4, ipv6, sets, frames: status === 0 ? stdout : undefined };
  }

  async run(step: Step): Promise<void> {
    const lines = step.kind === 'sets' ? step.lines.map(idempotent) : step.text.split('\n');
    const argv = this.#commandOf(step);
    const result = await this.launcher.run(argv, { input: `${lines.join('\n')}\n` });
    if (result.status !== 0) throw failed(argv, result, lines);
  }

  #commandOf(step: Step): readonly string[] {
    switch (step.kind) {
      case 'sets':
        return ['ipset', 'restore'];
      case 'rules':
        return restoreCommand(this.backend, step.family);
      case 'frames':
        return framesCommand;
    }
  }

  async destroySets(names: readonly string[]): Promise<ReadonlySet<string>> {
    const gone = new Set<string>();
    for (const name of names) {
      const { status, stderr } = await this.launcher.run(['ipset', 'destroy', name]);
      if (status === 0 || isUnknownSet(stderr)) gone.add(name);
    }
    return gone;
  }

  async countMembers(): Promise<ReadonlyMap<string, number>> {
    const argv = ['ipset', 'list', '-terse'];
    const result = await this.launcher.run(argv);
    if (result.status !== 0) throw failed(argv, result);
    const headers = result.stdout.matchAll(/^Name: (pc-\S+)\n(?:.+\n)*?Number of entries: (\d+)$/gm);
    return new Map([...headers].map(([, name = '', count]) => [name, Number(count)]));
  }

  watch(): void {}

  /**
   * A restore that changes nothing and lists chains: one process for any number of them, and of the kernel's tables no
   * more than they hold is read (nft).
   */
  async countHits(family: Family, chains: readonly string[]): Promise<RuleCounter[]> {
    const argv = restoreCommand(this.backend, family);
    const lines = ['*filter', ...chains.map((chain) => `-v -S ${chain}`), 'COMMIT'];
    const result = await this.launcher.run(argv, { input: `${lines.join('\n')}\n` });
    if (result.status !== 0) throw failed(argv, result, lines);
    return parseRuleCounters(result.stdout);
  }

  /** One process for any number of them: ipset reads commands from its standard input. It goes on after an error. */
  async countMemberHits(sets: readonly string[]): Promise<RuleCounter[]> {
    const argv = ['ipset', '-'];
    const lines = sets.map((set) => `save ${set}`);
    const result = await this.launcher.run(argv, { input: `${lines.join('\n')}\n` });
    const text = result.stdout.replaceAll('ipset> ', '');
    const isMissing = sets.some((set) => !text.includes(`create ${set} `));
    if (result.status !== 0 || isMissing) throw failed(argv, result, lines);
    return parseMemberCounters(text);
  }

  async learningBridges(): Promise<ReadonlySet<string>> {
    const argv = ['ip', '-json', '-details', 'link', 'show', 'type', 'bridge'];
    const result = await this.launcher.run(argv);
    if (result.status !== 0) throw failed(argv, result);
    const bridges = bridgesSchema.parse(JSON.parse(result.stdout.trim() || '[]'));
    return new Set(
      bridges.flatMap(({ ifname, linkinfo }) => (linkinfo.info_data.no_linklocal_learn === 0 ? [ifname] : [])),
    );
  }

  async readFlows(onLine: (line: string) => void): Promise<void> {
    await Promise.all(
      ['ipv4', 'ipv6'].map(async (family) => {
        const argv = ['conntrack', '-L', '-f', family];
        const result = await this.launcher.run(argv, { onLine });
        if (result.status !== 0) throw failed(argv, result);
      }),
    );
  }

  async close(): Promise<void> {}
}

/** A member that another program has added or removed already is no error; a set that exists already is one. */
export function idempotent(line: string): string {
  return line.startsWith('add ') || line.startsWith('del ') ? `${line} -exist` : line;
}

export function isUnknownSet(stderr: string): boolean {
  return stderr.includes('set with the given name does not exist');
}

export function programOf(backend: Backend, family: 4 | 6): string {
  return `${family === 4 ? 'iptables' : 'ip6tables'}-${backend}`;
}

function failed(argv: readonly string[], { status, stderr }: ToolResult, lines: readonly string[] = []): ToolError {
  const complaint = complaintOf(stderr) || `exit status ${status}`;
  const number = Number(/\bline:? (\d+)/.exec(stderr)?.[1] ?? 0);
  const line = lines[number - 1];
  const place = line === undefined ? '' : ` at "${line}"`;
  return new ToolError(failureOf(status, stderr), `${argv[0]}: ${complaint}${place}`, line);
}
