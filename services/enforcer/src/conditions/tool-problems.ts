import type { Conditions } from './conditions.js';

/** What the enforcer does with its tools; each may fail while the others do not. */
export type Attempt = 'apply' | 'read' | 'count';

/**
 * What is to be done about a tool that fails, as far as its words tell.
 *
 * Packages are Debian's. Modules load by themselves where the kernel may do so.
 */
function adviceFor(message: string): string {
  const program = /^(?:spawn )?(\w+)/.exec(message)?.[1] ?? '';
  if (/ENOENT|not found|No such file or directory$/.test(message)) {
    return `: install the package ${program === 'ipset' ? 'ipset' : 'iptables'}`;
  }
  if (/^ipset\b.*(socket|protocol|Kernel support)/i.test(message)) return ': load the kernel module ip_set';
  const [, extension] = /Couldn't load (?:match|target) [`'](\w+)'/.exec(message) ?? [];
  return extension === undefined
    ? ''
    : `: the extension ${extension} of iptables is missing, install the package iptables`;
}

/**
 * Tools that cannot do their work.
 *
 * Owns: what failed last at each kind of attempt; one condition tells the first of them.
 */
export class ToolProblems {
  readonly #conditions: Conditions;
  readonly #messages = new Map<Attempt, string>();

  constructor(conditions: Conditions) {
    this.#conditions = conditions;
  }

  /** Undefined: the attempt has succeeded. */
  set(attempt: Attempt, error: Error | undefined): void {
    if (error === undefined) this.#messages.delete(attempt);
    else this.#messages.set(attempt, `${error.message}${adviceFor(error.message)}`);
    const [message] = this.#messages.values();
    this.#conditions.set('TOOL_FAILED', message);
  }
}
