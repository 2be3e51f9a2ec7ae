import { create } from '@bufbuild/protobuf';
import { enforceV1 } from '@portcullis/api';

/** Something that keeps a host from enforcing as it should, by reason: UPPER_SNAKE. */
export type ConditionReason =
  | 'BRIDGE_LEARNS_UNSEEN'
  | 'BRIDGE_NETFILTER_OFF'
  | 'DIGEST_MISMATCH'
  | 'DRIFT_REPEATED'
  | 'FLOWS_NOT_READ'
  | 'FRAMES_UNFILTERED'
  | 'OTHER_BACKEND_NOT_CLEARED'
  | 'REVOKED_FLOWS_LEFT'
  | 'STATE_FILE_CORRUPT'
  | 'STATE_FILE_NOT_WRITTEN'
  | 'TOOL_FAILED'
  | 'XTABLES_LOCKED';

/**
 * What is wrong with this host now.
 *
 * Owns: one message per reason. Does not own: who finds it and when it is over.
 */
export class Conditions {
  readonly #messages = new Map<ConditionReason, string>();
  readonly #onChange: (reason: ConditionReason, message: string | undefined) => void;

  constructor(onChange: (reason: ConditionReason, message: string | undefined) => void) {
    this.#onChange = onChange;
  }

  /** Undefined: it is over. */
  set(reason: ConditionReason, message: string | undefined): void {
    if (this.#messages.get(reason) === message) return;
    if (message === undefined) this.#messages.delete(reason);
    else this.#messages.set(reason, message);
    this.#onChange(reason, message);
  }

  encode(): enforceV1.Condition[] {
    const sorted = [...this.#messages].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return sorted.map(([reason, message]) => create(enforceV1.ConditionSchema, { reason, message }));
  }
}
