import type { HostState } from '@portcullis/compile';
import type { Applied } from '@portcullis/plan';
import type { Enforced, Enforcement } from './apply/enforcement.js';
import { Backoff } from './backoff.js';
import type { Conditions } from './conditions/conditions.js';
import type { Desired } from './desired/desired.js';
import { ToolError } from './kernel/tool-error.js';
import { Revoker, type RevokerOptions } from './revoke/revoker.js';
import type { StateFile } from './state-file/state-file.js';

export interface TransitionOptions extends RevokerOptions {
  readonly enforcement: Enforcement;
  readonly stateFile: StateFile;
  readonly conditions: Conditions;
  /** Between two looks whether anybody still tracks the flows that are stopped. */
  readonly reviewIntervalMs: number;
}

/** What an attempt to lead to a state has come to. */
export interface Transitioned extends Enforced {
  /** How long flows were looked at; 0 where the state takes nothing away. */
  readonly revokeMs: number;
}

const flowsNotReadMessage = 'connections that are no longer allowed go on; the program conntrack is needed';

/**
 * Leads from the states before to the one that is desired: its rules, an end to the flows that they no longer allow, and what
 * the state file says of both (docs/dataplane.md, "Flows that are no longer allowed").
 *
 * Owns: the order of these three, and when flows are to be reviewed: while some are stopped, or the state is not settled.
 * Does not own: how rules get into the kernel (Enforcement), which flows are stopped (Revoker), how a file is written
 * (StateFile), what is reported, and when a state that failed is tried again (Enforcer).
 * Invariants: 1. Before rules take anything away, the states that may have allowed the flows of now are on disk; before they
 * grant anything, so is the word that more may be allowed. 2. Flows are looked at after the rules have changed: no other one
 * begins by what was allowed before. 3. A state is settled once its rules are in force and all that they revoke is stopped.
 * 4. Where `to` ends without a failure, the state may be acknowledged: what it revokes is stopped, or a condition says why not.
 */
export class Transition {
  readonly #options: TransitionOptions;
  readonly #revoker: Revoker;
  /** Of looks at flows. */
  readonly #backoff = new Backoff({ firstMs: 1000, longestMs: 60_000 });
  #nextReviewAt: number | undefined;

  constructor(options: TransitionOptions) {
    this.#options = options;
    this.#revoker = new Revoker(options);
  }

  /** When to review; undefined where there is nothing to. */
  get nextReviewAt(): number | undefined {
    return this.#nextReviewAt;
  }

  /** Puts a state in force and stops what it revokes. Nobody waits until what has come of it is on disk. */
  async to(desired: Desired): Promise<Transitioned> {
    const transitioned = await this.#putInForce(desired);
    this.#options.stateFile.save({ desired, before: this.#revoker.before });
    const { hasRevoked, before } = this.#revoker;
    if (hasRevoked || before.length !== 1) this.#reviewBy(performance.now() + this.#options.reviewIntervalMs);
    return transitioned;
  }

  /** Forgets stopped flows that nobody tracks any more. True where flows could be looked at: then the state is led to again. */
  review(state: HostState): Promise<boolean> {
    this.#nextReviewAt = undefined;
    return this.#readFlows(() => this.#revoker.forget(state));
  }

  async #putInForce(desired: Desired): Promise<Transitioned> {
    const { enforcement, stateFile } = this.#options;
    const { state } = desired;
    const mayRevoke = this.#revoker.mayRevoke(state);
    const standing = (applied: Applied) => this.#revoker.standing(state, applied);
    const holding = (applied: Applied) => this.#revoker.holding(state, applied);
    // After a crash it has to be known what may have allowed the flows of now.
    if (mayRevoke) await stateFile.flushed();
    if (this.#revoker.mayGrant(state)) stateFile.begin();
    this.#revoker.begin(state);
    const first = await enforcement.enforce(desired, mayRevoke ? holding : standing);
    if (first.failed !== undefined) return { ...first, revokeMs: 0 };
    if (!mayRevoke) {
      this.#revoker.settle(state);
      return { ...first, revokeMs: 0 };
    }
    const startedAt = performance.now();
    const hasRead = await this.#readFlows(() => this.#revoker.revoke(state));
    const revokeMs = performance.now() - startedAt;
    if (!hasRead) return { ...first, revokeMs };
    const second = this.#revoker.hasNews ? await enforcement.enforce(desired, standing) : undefined;
    const { leftOut } = this.#revoker;
    this.#options.conditions.set('REVOKED_FLOWS_LEFT', leftOut === 0 ? undefined : leftOutMessage(leftOut));
    if (second?.failed === undefined && leftOut === 0) this.#revoker.settle(state);
    return { ...(second === undefined ? first : joined(first, second)), revokeMs };
  }

  /** Whether the flows that the kernel tracks could be read. */
  async #readFlows(read: () => Promise<void>): Promise<boolean> {
    const { conditions } = this.#options;
    try {
      await read();
      this.#backoff.succeed();
      conditions.set('FLOWS_NOT_READ', undefined);
      return true;
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      conditions.set('FLOWS_NOT_READ', `${error.message}: ${flowsNotReadMessage}`);
      this.#nextReviewAt = performance.now() + this.#backoff.fail();
      return false;
    }
  }

  #reviewBy(at: number): void {
    this.#nextReviewAt = Math.min(at, this.#nextReviewAt ?? at);
  }
}

/** What two attempts, one after the other, have led to. */
function joined(first: Enforced, second: Enforced): Enforced {
  const diff = {
    rules: [...first.diff.rules, ...second.diff.rules],
    sets: [...first.diff.sets, ...second.diff.sets],
  };
  const [planMs, applyMs] = [first.planMs + second.planMs, first.applyMs + second.applyMs];
  return { ...second, before: first.before, diff, planMs, applyMs };
}

function leftOutMessage(count: number): string {
  return `${count} flows that are no longer allowed go on, because too many are stopped already`;
}
