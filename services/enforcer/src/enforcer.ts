import { type Client, Code, ConnectError } from '@connectrpc/connect';
import type { enforceV1 } from '@portcullis/api';
import type { Applied, Diff, SavedKernel } from '@portcullis/plan';
import type { Logger } from '@portcullis/runtime';
import { type Enforced, Enforcement } from './apply/enforcement.js';
import type { Conditions } from './conditions/conditions.js';
import type { NicFailure } from './desired/admission.js';
import type { Desired } from './desired/desired.js';
import { type Generation, isSameGeneration } from './desired/generation.js';
import { DigestMismatch, SyncClient } from './desired/sync-client.js';
import type { KernelTools } from './kernel/kernel-tools.js';
import type { ToolError } from './kernel/tool-error.js';
import type { Failure, Report } from './report/report.js';
import type { Reporter } from './report/reporter.js';
import { Schedule } from './schedule.js';
import type { StateFile } from './state-file/state-file.js';
import { Wake } from './wake.js';

export interface EnforcerParts {
  readonly host: string;
  readonly client: Client<typeof enforceV1.EnforceService>;
  readonly tools: KernelTools;
  readonly stateFile: StateFile;
  /** What the state file held. */
  readonly lastKnown: Desired | undefined;
  readonly reporter: Reporter;
  readonly conditions: Conditions;
  /** Takes our rules out of the back end that is not in use any more. */
  readonly clearOtherBackend: (() => Promise<void>) | undefined;
  readonly heartbeatMs: number;
  readonly driftIntervalMs: number;
  readonly startPatienceMs: number;
  readonly log: Logger;
}

/** What this host enforces. */
export interface EnforcerStatus {
  /** The newest one heard of; undefined before the first. */
  readonly desired: Generation | undefined;
  /** The newest one that is in force without any failure. */
  readonly applied: Generation | undefined;
  readonly failures: readonly Failure[];
}

type Job = 'sync' | 'enforce' | 'repair' | 'observe' | 'destroyStrays';

/** Pauses between attempts, in milliseconds: the first, and the longest after doubling. */
const syncPauses = [100, 1000] as const;
const enforcePauses = [200, 10_000] as const;
/** The kernel lets go of a set some 20 ms after the last rule that named it (nf_tables destroys rules later). */
const strayPauses = [30, 10_000] as const;
/** Drift in so many checks in a row is somebody who keeps undoing what is enforced. */
const repeatedDrift = 3;
/** Readings that an apply has overtaken before one is made that nothing overtakes. */
const maxOvertaken = 3;

/**
 * The life of one host's enforcement: doorbell or heartbeat → Sync → apply → Report, and between them the look whether the
 * kernel still holds what was applied.
 *
 * Owns: what is desired, and when what is done.
 * Does not own: the kernel (Enforcement), the words with the dispatcher (SyncClient, Reporter), the file (StateFile).
 * Invariants: 1. One job at a time: nothing is written while anything else is. 2. E1: nothing is written before a snapshot or
 * the last known state is at hand. 3. However often the doorbell rings during a job, one more Sync follows. 4. Each
 * generation that came to be known is reported.
 */
export class Enforcer {
  readonly #parts: EnforcerParts;
  readonly #enforcement: Enforcement;
  readonly #syncClient: SyncClient;
  readonly #schedule = new Schedule<Job>(['sync', 'enforce', 'repair', 'observe', 'destroyStrays']);
  readonly #wake = new Wake();
  #desired: Desired | undefined;
  #lastGood: Generation | undefined;
  #failures: readonly Failure[] = [];
  #reported: { generation: Generation; failures: readonly Failure[] } | undefined;
  #hasStarted = false;
  #isOtherBackendClear: boolean;
  #rungAt: number | undefined;
  #syncFailures = 0;
  #enforceFailures = 0;
  #strayAttempts = 0;
  #driftCount = 0;
  #observed: { saved: SavedKernel; writeCount: number } | undefined;
  #overtaken = 0;

  constructor(parts: EnforcerParts) {
    this.#parts = parts;
    this.#enforcement = new Enforcement({ tools: parts.tools, log: parts.log });
    this.#syncClient = new SyncClient({ client: parts.client, host: parts.host });
    this.#isOtherBackendClear = parts.clearOtherBackend === undefined;
  }

  get status(): EnforcerStatus {
    return { desired: this.#desired?.generation, applied: this.#lastGood, failures: this.#failures };
  }

  /** The desired state may have changed. After a failed Sync the pause, at most a second, is kept. */
  ring(): void {
    this.#rungAt ??= performance.now();
    if (this.#syncFailures === 0) this.#schedule.advance('sync', performance.now());
    this.#wake.wake();
  }

  /** Until the signal aborts; a job that has begun is finished. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, driftIntervalMs } = this.#parts;
    this.#schedule.set('observe', performance.now() + driftIntervalMs);
    await this.#begin(signal);
    while (!signal.aborted) {
      const job = this.#schedule.take(performance.now());
      if (job === undefined) {
        await this.#wake.sleep(this.#schedule.pauseMs(performance.now(), 60_000), signal);
        continue;
      }
      try {
        await this.#perform(job, signal);
      } catch (error) {
        log.error({ err: error, job }, 'a job failed for a reason nobody thought of');
        this.#retryEnforce();
      }
    }
  }

  /** What the dispatcher says is newer than the file, if it answers soon; else the host must not stay as a reboot left it. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { lastKnown, startPatienceMs, log } = this.#parts;
    this.#schedule.set('sync', performance.now());
    if (lastKnown === undefined) return;
    this.#syncClient.adopt(lastKnown);
    const patience = AbortSignal.timeout(startPatienceMs);
    const either = AbortSignal.any([signal, patience]);
    while (this.#desired === undefined && !either.aborted) {
      if (this.#schedule.take(performance.now()) === 'sync') await this.#sync(either);
      else await this.#wake.sleep(this.#schedule.pauseMs(performance.now(), startPatienceMs), either);
    }
    if (this.#desired !== undefined || signal.aborted) return;
    log.warn({ generation: lastKnown.generation }, 'the dispatcher does not answer: the last known state is enforced');
    this.#desired = lastKnown;
    this.#schedule.set('enforce', performance.now());
  }

  #perform(job: Job, signal: AbortSignal): Promise<void> {
    switch (job) {
      case 'sync':
        return this.#sync(signal);
      case 'enforce':
        return this.#enforce({ syncMs: 0, mustReport: false });
      case 'observe':
        return this.#observe();
      case 'repair':
        return this.#repair();
      case 'destroyStrays':
        return this.#destroyStrays();
    }
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const { heartbeatMs, conditions, log } = this.#parts;
    const startedAt = this.#rungAt ?? performance.now();
    this.#rungAt = undefined;
    // Before the question is put: a doorbell that rings meanwhile moves it forward again.
    this.#schedule.set('sync', performance.now() + heartbeatMs);
    try {
      const { desired, isSnapshot } = await this.#syncClient.sync(signal);
      if (this.#syncFailures > 0) log.info('the dispatcher answers');
      this.#syncFailures = 0;
      conditions.set('DIGEST_MISMATCH', undefined);
      const isNew = isSnapshot || !isSameGeneration(this.#desired?.generation, desired.generation);
      this.#desired = desired;
      if (isNew) await this.#enforce({ syncMs: performance.now() - startedAt, mustReport: true });
    } catch (error) {
      if (signal.aborted && !(error instanceof DigestMismatch)) {
        this.#schedule.set('sync', performance.now());
        return;
      }
      if (error instanceof DigestMismatch) conditions.set('DIGEST_MISMATCH', error.message);
      else if (!(error instanceof ConnectError)) log.error({ err: error }, 'the answer of the dispatcher is not used');
      else if (this.#syncFailures === 0)
        log.warn({ err: error, code: Code[error.code] }, 'the dispatcher does not answer');
      this.#rungAt ??= startedAt;
      // To send everything once a second to a host that cannot use it helps nobody.
      const pauseMs = error instanceof DigestMismatch ? heartbeatMs : pauseAfter(this.#syncFailures, syncPauses);
      this.#schedule.set('sync', performance.now() + pauseMs);
      this.#syncFailures += 1;
    }
  }

  async #enforce({ syncMs, mustReport }: { syncMs: number; mustReport: boolean }): Promise<void> {
    if (this.#desired === undefined) return;
    const desired = this.#desired;
    const enforced = await this.#enforcement.enforce(desired);
    this.#takeIn(desired, enforced);
    const isUntold =
      this.#reported === undefined ||
      !isSameGeneration(this.#reported.generation, desired.generation) ||
      !areSame(this.#reported.failures, this.#failures);
    if (mustReport || isUntold || isChange(enforced.diff)) {
      const { planMs, applyMs } = enforced;
      this.#report({ cause: this.#hasStarted ? 'change' : 'start', timings: { syncMs, planMs, applyMs }, ...enforced });
    }
    this.#parts.stateFile.save(desired);
    if (enforced.failed !== undefined) return;
    this.#hasStarted = true;
    await this.#clearOtherBackend();
    this.#scheduleStrays();
  }

  #takeIn(desired: Desired, { closed, failed }: Enforced): void {
    const { conditions, log } = this.#parts;
    this.#failures = [...(failed === undefined ? [] : [hostFailure(failed)]), ...closed.map(withoutUndefined)];
    conditions.set('XTABLES_LOCKED', failed?.failure === 'locked' ? failed.message : undefined);
    if (failed !== undefined) {
      log.error({ err: failed, generation: desired.generation }, 'the state could not be put in force');
      this.#retryEnforce();
      return;
    }
    this.#enforceFailures = 0;
    if (closed.length === 0) this.#lastGood = desired.generation;
    this.#schedule.set('enforce', this.#enforcement.nextRetryAt);
  }

  /** Reads the kernel beside the other jobs: a large one takes a while, and nobody should wait for it. */
  async #observe(): Promise<void> {
    if (!this.#hasStarted || this.#enforceFailures > 0) {
      this.#schedule.set('observe', performance.now() + this.#parts.driftIntervalMs);
      return;
    }
    const { writeCount } = this.#enforcement;
    const reading = this.#parts.tools.read().then(
      (saved) => {
        this.#observed = { saved, writeCount };
        this.#schedule.set('repair', performance.now());
        this.#wake.wake();
      },
      (error: unknown) => {
        this.#parts.log.warn({ err: error }, 'the kernel could not be read');
        this.#schedule.set('observe', performance.now() + this.#parts.driftIntervalMs);
        this.#wake.wake();
      },
    );
    if (this.#overtaken >= maxOvertaken) await reading;
  }

  async #repair(): Promise<void> {
    const { log, conditions, driftIntervalMs } = this.#parts;
    const observed = this.#observed;
    this.#observed = undefined;
    if (observed === undefined || observed.writeCount !== this.#enforcement.writeCount) {
      this.#overtaken += 1;
      this.#schedule.set('observe', performance.now());
      return;
    }
    this.#overtaken = 0;
    this.#schedule.set('observe', performance.now() + driftIntervalMs);
    const repaired = await this.#enforcement.repair(observed.saved);
    this.#scheduleStrays();
    this.#driftCount = repaired === undefined ? 0 : this.#driftCount + 1;
    const isRepeated = this.#driftCount >= repeatedDrift;
    conditions.set(
      'DRIFT_REPEATED',
      isRepeated
        ? 'something on this host keeps changing rules or sets of Portcullis; they are repaired each time'
        : undefined,
    );
    if (repaired === undefined) return;
    log.warn({ rules: repaired.diff.rules, sets: repaired.diff.sets }, 'the kernel did not hold what was applied');
    if (repaired.failed === undefined) {
      const { planMs, applyMs } = repaired;
      this.#report({ cause: 'drift', diff: repaired.diff, timings: { syncMs: 0, planMs, applyMs } });
    } else this.#schedule.set('enforce', performance.now());
  }

  async #destroyStrays(): Promise<void> {
    const { before, after, diff } = await this.#enforcement.destroyStrays();
    this.#strayAttempts += 1;
    if (isChange(diff)) {
      this.#report({ cause: 'change', diff, before, after, timings: { syncMs: 0, planMs: 0, applyMs: 0 } });
    }
    if (!this.#enforcement.hasStrays) this.#strayAttempts = 0;
    else this.#schedule.set('destroyStrays', performance.now() + pauseAfter(this.#strayAttempts, strayPauses));
  }

  #scheduleStrays(): void {
    if (this.#enforcement.hasStrays) this.#schedule.advance('destroyStrays', performance.now() + strayPauses[0]);
  }

  /** Only now: until here the rules in the other back end were the ones in force. */
  async #clearOtherBackend(): Promise<void> {
    if (this.#isOtherBackendClear) return;
    try {
      await this.#parts.clearOtherBackend?.();
      this.#isOtherBackendClear = true;
      this.#parts.log.info('rules of Portcullis in the other back end are removed');
    } catch (error) {
      this.#parts.log.warn({ err: error }, 'rules of Portcullis in the other back end cannot be removed');
    }
  }

  #retryEnforce(): void {
    this.#schedule.set('enforce', performance.now() + pauseAfter(this.#enforceFailures, enforcePauses));
    this.#enforceFailures += 1;
  }

  #report(report: Pick<Report, 'cause' | 'diff' | 'timings'> & { before?: Applied; after?: Applied }): void {
    if (this.#desired === undefined) return;
    const { cause, diff, timings } = report;
    const { generation } = this.#desired;
    const { told } = this.#enforcement;
    this.#reported = { generation, failures: this.#failures };
    this.#parts.reporter.push(
      { generation, cause, diff, timings, failures: this.#failures, lastGood: this.#lastGood, at: new Date() },
      { before: report.before ?? told, after: report.after ?? told },
    );
  }
}

function isChange({ rules, sets }: Diff): boolean {
  return rules.length + sets.length > 0;
}

function areSame(left: readonly Failure[], right: readonly Failure[]): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

const hostReasons = { refused: 'KERNEL_REFUSED', locked: 'XTABLES_LOCKED', broken: 'TOOL_FAILED' } as const;

function hostFailure({ failure, message }: ToolError): Failure {
  return { reason: hostReasons[failure], message };
}

function withoutUndefined({ nic, set, reason, message }: NicFailure): Failure {
  return { nic, reason, message, ...(set === undefined ? {} : { set }) };
}

function pauseAfter(attempts: number, [first, longest]: readonly [number, number]): number {
  return Math.min(first * 2 ** Math.min(attempts, 20), longest);
}
