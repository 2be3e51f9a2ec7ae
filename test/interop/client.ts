/** A program that speaks to Portcullis with code generated from `proto/`, and prints a line `step: what came of it` for each. */
export interface Client {
  readonly name: string;
  /** Programs that must be on PATH. */
  readonly toolchain: readonly string[];
  /** Names of the lines it prints, in order, and what each must say. */
  readonly steps: Readonly<Record<string, RegExp>>;
  /**
   * Generates and compiles whatever is not there yet. Returns the versions in use: of what the machine has, and of what is
   * pinned. Throws with the words of the tool that failed.
   */
  prepare(): Promise<string>;
  command(cloud: { address: string }): readonly [string, ...string[]];
}

/** The scheduler's story, told alike in every language, each in a project of its own. */
export function storyOf(project: string): Client['steps'] {
  const name = (rest: string) => new RegExp(`^projects/${project}/${rest}`);
  return {
    network: name('networks/blue$'),
    host: /^hosts\/h1/,
    vm: name('vmInstances/vm1$'),
    nic: name('nics/vm1-eth0$'),
    group: name(`securityGroups/web on projects/${project}/networks/blue$`),
    rules: /^2 created$/,
    repeat: /^one rule, sent twice$/,
    members: name('nics/vm1-eth0 in '),
    bind: name('nics/vm1-eth0/bindings/h1$'),
    wait: /^enforced on 1 host$/,
    watch: /^IPv[46] -A PC-GI-\S+ .*--dport 8443/,
    error: /security_group_rule\.end_port PORT_OUT_OF_RANGE/,
    // Two that came with the group, two, the one sent twice, and one while it was watched.
    list: /^6 rules in 3 pages$/,
  };
}
