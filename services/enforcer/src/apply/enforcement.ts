import type { Family } from '@portcullis/model';
import {
  type Applied,
  type Diff,
  diffApplied,
  nothingApplied,
  type Plan,
  planChange,
  readApplied,
  type SavedKernel,
  type Step,
  withoutStrays,
} from '@portcullis/plan';
import { type DropLog, type Firewall, FirewallRenderer, type RevokedFlows, slottedName } from '@portcullis/ruleset';
import type { Logger } from '@portcullis/runtime';
import { Admission, type Admitted, type NicFailure } from '../desired/admission.js';
import type { Desired } from '../desired/desired.js';
import type { KernelTools } from '../kernel/kernel-tools.js';
import { ToolError } from '../kernel/tool-error.js';
import { Closures } from './closures.js';
import { findCulprits } from './culprits.js';

/** What changed in the kernel since the last time that was told. */
export interface Told {
  /** From `before` to `after`. */
  readonly diff: Diff;
  readonly before: Applied;
  readonly after: Applied;
}

/** What an attempt to put a state in force has led to. */
export interface Enforced extends Told {
  /** NICs that are closed instead, while the rest of the state is in force. */
  readonly closed: readonly NicFailure[];
  /** Why the state is not in force; undefined where it is. */
  readonly failed: ToolError | undefined;
  readonly planMs: number;
  readonly applyMs: number;
}

/** A repair leads back to what was told: it is not a part of the way from one told state to the next. */
export interface Repaired {
  /** From what was found to what is desired; empty where the repair failed. */
  readonly diff: Diff;
  readonly failed: ToolError | undefined;
  readonly planMs: number;
  readonly applyMs: number;
}

/** The flows to stop, given what the kernel holds. */
export type RevokedIn = (applied: Applied) => RevokedFlows;

export interface EnforcementOptions {
  readonly tools: KernelTools;
  readonly log: Logger;
  /** How packets that are dropped are logged. Default: `defaultDropLog`. */
  readonly dropLog?: DropLog | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

const nothingChanged: Diff = { rules: [], sets: [] };

/** How long frames are left alone after ebtables has refused them, or could not be run. */
const framesPauseMs = 60_000;

/**
 * Brings the kernel to what is desired: desired → render → plan → apply → applied.
 *
 * Owns: what the kernel holds as far as this process knows, which NICs are closed, what was told of it.
 * Does not own: what is desired, and when to try again.
 * Invariants: 1. The kernel is read before the first write and after every step that failed (E7). 2. What the kernel
 * refuses twice, the second time planned from what it really holds, is somebody's fault: those NICs are closed and the
 * rest is applied (E4). 3. What is not a refusal closes nobody; nor does ebtables, without which all the rest is in force. 4. The diffs of `enforce` and `destroyStrays`, one after the
 * other, lead from what the kernel held first to what it holds.
 */
export class Enforcement {
  readonly #tools: KernelTools;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #renderer: FirewallRenderer;
  readonly #admission = new Admission();
  readonly #closures: Closures;
  /** Undefined while the kernel has to be read before anything else. */
  #applied: Applied | undefined;
  /** What follows from all diffs that were given out; undefined before the first. */
  #told: Applied | undefined;
  /** What was rendered last; undefined while nothing is in force by this process. */
  #inForce: Firewall | undefined;
  #writeCount = 0;
  /** What keeps frames from being judged, though NICs of the host need it. */
  #framesFailure: { readonly problem: string; readonly retryAt: number } | undefined;

  constructor({ tools, log, dropLog, now = () => performance.now() }: EnforcementOptions) {
    this.#renderer = new FirewallRenderer(dropLog);
    this.#tools = tools;
    this.#log = log;
    this.#now = now;
    this.#closures = new Closures(now);
  }

  /** Counts attempts to write: what was read from the kernel before another attempt says nothing any more. */
  get writeCount(): number {
    return this.#writeCount;
  }

  /** What was rendered last; undefined while nothing is in force by this process. */
  get inForce(): Firewall | undefined {
    return this.#inForce;
  }

  /** Under which name the kernel holds a set; undefined where it is not known to. */
  placeOf(family: Family, set: string): string | undefined {
    const slot = this.#applied?.[family].sets.get(set)?.slot;
    return slot && slottedName(set, slot);
  }

  /** What the diffs given out so far lead to. */
  get told(): Applied {
    return this.#told ?? nothingApplied;
  }

  /** Whether each set holds as many members as this process thinks; it does as long as nothing is known. */
  holds(counts: ReadonlyMap<string, number>): boolean {
    const applied = this.#applied;
    if (applied === undefined) return true;
    return ([4, 6] as const).every((family) =>
      [...applied[family].sets].every(
        ([name, { slot, members }]) => counts.get(slottedName(name, slot)) === members.size,
      ),
    );
  }

  /** When a NIC, or frames, that the kernel refused are to be tried again; undefined where there is none. */
  get nextRetryAt(): number | undefined {
    const times = [this.#closures.nextRetryAt, this.#framesFailure?.retryAt].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Why the frames of NICs with anti-spoofing are not judged, ARP among them; undefined where they are. */
  get framesProblem(): string | undefined {
    const isNeeded = this.#inForce !== undefined && this.#inForce.frames.chains.size > 0;
    return isNeeded ? this.#framesFailure?.problem : undefined;
  }

  /** Whether sets are waiting for the kernel to let go of them. */
  get hasStrays(): boolean {
    const applied = this.#applied;
    return applied !== undefined && applied[4].strays.size + applied[6].strays.size > 0;
  }

  /**
   * Puts a state in force, as far as the kernel takes it, and stops the flows that `revoked` names, which is told what the
   * kernel holds.
   */
  async enforce(desired: Desired, revoked: RevokedIn = () => []): Promise<Enforced> {
    const time = { plan: 0, apply: 0 };
    if (this.#framesFailure !== undefined && this.#framesFailure.retryAt <= this.#now()) {
      this.#framesFailure = undefined;
      this.#applied = undefined;
    }
    const admitted = this.#admission.admit(desired);
    const kept = this.#closures.inForce(admitted.state);
    const refused: NicFailure[] = [];
    for (let isExact = false; ; isExact = true) {
      const attempt = await this.#attempt({ admitted, closed: [...kept, ...refused], revoked }, { isExact, time });
      const times = { planMs: time.plan, applyMs: time.apply };
      if (attempt.outcome === 'done') {
        this.#closures.settle(admitted.state, { kept, refused });
        const closed = [...admitted.failures, ...kept, ...refused];
        return { ...times, ...attempt.told, closed, failed: undefined };
      }
      const { error, step } = attempt;
      // The kernel may have held something else than this process thought, or a tool that was kept running may have died.
      if (!isExact && step !== undefined && error.failure !== 'locked') continue;
      const mayBeClosed = error.failure === 'refused' && step !== undefined;
      const culprits = mayBeClosed ? await this.#culpritsOf({ step, error }, admitted, [...kept, ...refused]) : [];
      if (culprits.length === 0) {
        return { ...times, ...(await this.#tellAfterFailure()), closed: [], failed: error };
      }
      this.#log.warn({ err: error, nics: culprits.map(({ nic }) => nic) }, 'the kernel refuses what these NICs need');
      refused.push(...culprits);
    }
  }

  /** Repairs what others have changed; `saved` is what the kernel held when `writeCount` was what it is now. */
  async repair(saved: SavedKernel): Promise<Repaired | undefined> {
    if (this.#inForce === undefined) return undefined;
    const startedAt = this.#now();
    const observed = this.#withUsableFrames(readApplied(saved));
    const plan = planChange(observed, this.#inForce, { keepStrays: true });
    const planMs = this.#now() - startedAt;
    if (plan.steps.length === 0) {
      if (this.#applied === undefined || !areSamePlaces(this.#applied, plan.applied)) this.#applied = plan.applied;
      return undefined;
    }
    const time = { apply: 0 };
    const failed = (await this.#run(plan, { isExact: false, time }))?.error;
    const diff = failed === undefined ? this.#doneOf(plan.diff) : nothingChanged;
    // Only frames were to be repaired, and are not: that is told as a condition.
    if (failed === undefined && diff.rules.length + diff.sets.length === 0) return undefined;
    return { diff, failed, planMs, applyMs: time.apply };
  }

  /** Destroys sets that no rule names any more, as far as the kernel lets go of them already. */
  async destroyStrays(): Promise<Told> {
    const applied = this.#applied;
    if (applied === undefined || !this.hasStrays) return this.#unchanged();
    const gone = await this.#tools.destroySets([...applied[4].strays.keys(), ...applied[6].strays.keys()]);
    this.#applied = withoutStrays(applied, gone);
    return this.#tell(this.#applied);
  }

  async #attempt(
    { admitted, closed, revoked }: { admitted: Admitted; closed: readonly NicFailure[]; revoked: RevokedIn },
    { isExact, time }: { isExact: boolean; time: { plan: number; apply: number } },
  ): Promise<{ outcome: 'done'; told: Told } | ({ outcome: 'failed' } & StepFailure)> {
    try {
      const applied = this.#withUsableFrames(this.#applied ?? readApplied(await this.#tools.read()));
      this.#applied = applied;
      this.#told ??= applied;
      const startedAt = this.#now();
      const allClosed = new Set([...admitted.closed, ...closed.map(({ nic }) => nic)]);
      const firewall = this.#renderer.render(admitted.state, allClosed, revoked(applied));
      if (applied.frames === undefined) this.#framesFailure ??= this.#failFrames('ebtables-nft-save cannot be run');
      const plan = planChange(applied, firewall, { keepStrays: true, rewriteChains: isExact });
      time.plan += this.#now() - startedAt;
      const failure = await this.#run(plan, { isExact, time });
      if (failure !== undefined) return { outcome: 'failed', ...failure };
      this.#inForce = firewall;
      // Of frames that are not as planned, what was told last is still the last that is known.
      if (this.#framesFailure !== undefined) {
        return { outcome: 'done', told: this.#tell({ ...plan.applied, frames: this.#told.frames }) };
      }
      return { outcome: 'done', told: this.#tell(plan.applied, this.#told === applied ? plan.diff : undefined) };
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      this.#applied = undefined;
      return { outcome: 'failed', error, step: undefined };
    }
  }

  async #run(
    plan: Plan,
    { isExact, time }: { isExact: boolean; time: { apply: number } },
  ): Promise<StepFailure | undefined> {
    this.#writeCount += 1;
    const startedAt = this.#now();
    try {
      // One after the other, though the families do not know of each other: the kernel commits one transaction at a time, and
      // a tool that another one has overtaken reads and sends everything once more.
      for (const step of plan.steps) {
        try {
          await this.#tools.run(step, { exact: isExact });
        } catch (error) {
          if (step.kind === 'frames' && error instanceof ToolError) {
            this.#framesFailure = this.#failFrames(error.message);
            continue;
          }
          this.#applied = undefined;
          if (!(error instanceof ToolError)) throw error;
          return { error, step };
        }
      }
      this.#applied = this.#withUsableFrames(plan.applied);
      return undefined;
    } finally {
      time.apply += this.#now() - startedAt;
    }
  }

  /** The NICs to close because of a step, without those that are closed already. */
  async #culpritsOf(
    refusal: { step: Step; error: ToolError },
    { state }: Admitted,
    closed: readonly NicFailure[],
  ): Promise<NicFailure[]> {
    try {
      const isClosed = new Set(closed.map(({ nic }) => nic));
      return (await findCulprits(this.#tools, state, refusal)).filter(({ nic }) => !isClosed.has(nic));
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      this.#log.warn({ err: error }, 'the search for what the kernel refuses broke off');
      return [];
    }
  }

  /** What a failed attempt has changed all the same: one family, or sets. */
  async #tellAfterFailure(): Promise<Told> {
    try {
      this.#applied = readApplied(await this.#tools.read());
      return this.#tell(this.#applied);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      return this.#unchanged();
    }
  }

  #doneOf(diff: Diff): Diff {
    if (this.#framesFailure === undefined) return diff;
    return { ...diff, rules: diff.rules.filter(({ family }) => family !== 2) };
  }

  #failFrames(problem: string) {
    return { problem, retryAt: this.#now() + framesPauseMs };
  }

  /** Frames are left alone until it is time to try again. */
  #withUsableFrames(applied: Applied): Applied {
    return this.#framesFailure === undefined ? applied : { ...applied, frames: undefined };
  }

  #unchanged(): Told {
    return { before: this.told, after: this.told, diff: nothingChanged };
  }

  #tell(after: Applied, known?: Diff): Told {
    const before = this.#told ?? after;
    this.#told = after;
    return { before, after, diff: known ?? (before === after ? nothingChanged : diffApplied(before, after)) };
  }
}

interface StepFailure {
  readonly error: ToolError;
  /** Undefined where the kernel could not even be read. */
  readonly step: Step | undefined;
}

/** Whether all sets, and what is left of older ones, are where this process thinks they are. */
function areSamePlaces(left: Applied, right: Applied): boolean {
  return ([4, 6] as const).every((family) => {
    const [a, b] = [left[family], right[family]];
    return (
      a.strays.size === b.strays.size &&
      [...a.strays.keys()].every((name) => b.strays.has(name)) &&
      a.sets.size === b.sets.size &&
      [...a.sets].every(([name, { slot, capacity }]) => {
        const other = b.sets.get(name);
        return other?.slot === slot && other.capacity === capacity;
      })
    );
  });
}
