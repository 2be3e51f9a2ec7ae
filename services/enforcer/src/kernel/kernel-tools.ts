import type { Family } from '@portcullis/model';
import type { SavedKernel, Step } from '@portcullis/plan';
import type { RuleCounter } from '@portcullis/ruleset';

export const backends = ['nft', 'legacy'] as const;

/** Which of the kernel's two packet filters iptables drives. */
export type Backend = (typeof backends)[number];

export interface RunOptions {
  /** Takes the slower way, whose errors name the line. Default: false. */
  readonly exact?: boolean;
}

/** A program that has changed rules, as the kernel names it: at most 15 characters. */
export interface Writer {
  readonly program: string;
  readonly pid: number;
}

/** All that the enforcer asks of the kernel. One step for sets, and one for the rules of each family, at a time. */
export interface KernelTools {
  readonly backend: Backend;
  /** What the kernel holds now, ours and foreign. */
  read(): Promise<SavedKernel>;
  /**
   * Runs one step of a plan. Throws a ToolError when it fails: rules of a table whose text failed are as before; of
   * sets any lines may have been done. The caller reads the kernel again.
   */
  run(step: Step, options?: RunOptions): Promise<void>;
  /** Destroys sets, and returns those that are gone: the kernel keeps a set for a while after its last rule is gone. */
  destroySets(names: readonly string[]): Promise<ReadonlySet<string>>;
  /** How many members each set of ours holds, by full name: far cheaper than to read. */
  countMembers(): Promise<ReadonlyMap<string, number>>;
  /**
   * Calls back soon after another program has changed rules that may be ours, until the tools are closed. Undefined:
   * changes may have gone unnoticed. Where the kernel does not tell, never.
   */
  watch(onChange: (writer: Writer | undefined) => void): void;
  /** What chains of one family have counted. Throws a ToolError where one of them does not exist. */
  countHits(family: Family, chains: readonly string[]): Promise<RuleCounter[]>;
  /** What the members of sets have counted. Throws a ToolError where one of the sets does not exist. */
  countMemberHits(sets: readonly string[]): Promise<RuleCounter[]>;
  /** Bridges that learn where a sender is also from frames to link-local groups, which no rule sees. Throws where that cannot be read. */
  learningBridges(): Promise<ReadonlySet<string>>;
  /** Gives the flows that the kernel tracks, each a line of `conntrack -L`. Throws a ToolError when they cannot be read. */
  readFlows(onLine: (line: string) => void): Promise<void>;
  /** Ends what runs. The kernel keeps everything. */
  close(): Promise<void>;
}
