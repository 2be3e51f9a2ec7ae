import type { SavedKernel, Step } from '@portcullis/plan';

export const backends = ['nft', 'legacy'] as const;

/** Which of the kernel's two packet filters iptables drives. */
export type Backend = (typeof backends)[number];

export interface RunOptions {
  /** Takes the slower way, whose errors name the line. Default: false. */
  readonly exact?: boolean;
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
  /** Ends what runs. The kernel keeps everything. */
  close(): Promise<void>;
}
