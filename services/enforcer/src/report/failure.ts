import type { NicFailure } from '../desired/admission.js';
import type { ToolError } from '../kernel/tool-error.js';

/** What is not in force, and why. Without a NIC it is the whole host's. */
export interface Failure {
  readonly nic?: string;
  /** The set that the kernel refused, if one is to blame. */
  readonly set?: string;
  /** UPPER_SNAKE. */
  readonly reason: string;
  readonly message: string;
}

const hostReasons = { refused: 'KERNEL_REFUSED', locked: 'XTABLES_LOCKED', broken: 'TOOL_FAILED' } as const;

/** A state that is not in force at all, or NICs that are closed while the rest of it is. */
export function failuresOf({
  failed,
  closed,
}: {
  failed: ToolError | undefined;
  closed: readonly NicFailure[];
}): readonly Failure[] {
  return failed === undefined ? closed : [{ reason: hostReasons[failed.failure], message: failed.message }];
}

/** A mistake of this program. */
export function internalFailure(error: unknown): Failure {
  return { reason: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

export function areSameFailures(left: readonly Failure[], right: readonly Failure[]): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
