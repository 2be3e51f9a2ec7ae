import type { Client } from '@connectrpc/connect';
import type { enforceV1 } from '@portcullis/api';
import type { Diff } from '@portcullis/plan';
import type { DropLog } from '@portcullis/ruleset';
import type { Logger } from '@portcullis/runtime';
import { DriftWatch } from './apply/drift-watch.js';
import { type Enforced, Enforcement, type Told } from './apply/enforcement.js';
import { OtherBackend } from './apply/other-backend.js';
import { Backoff } from './backoff.js';
import { BridgeLearning } from './conditions/bridge-learning.js';
import type { Conditions } from './conditions/conditions.js';
import { ToolProblems } from './conditions/tool-problems.js';
import type { Desired } from './desired/desired.js';
import { type Generation, isSameGeneration } from './desired/generation.js';
import { DigestMismatch, SyncClient, type Synced } from './desired/sync-client.js';
import { HitWatch } from './hits/hit-watch.js';
import type { RuleHits } from './hits/rule-hits.js';
import type { KernelTools, Writer } from './kernel/kernel-tools.js';
import { Account } from './report/account.js';
import { type Failure, failuresOf, internalFailure } from './report/failure.js';
import type { Report } from './report/report.js';
import type { Reporter } from './report/reporter.js';
import { Schedule } from './schedule.js';
import type { StateFile } from './state-file/state-file.js';
import type { Kept } from './state-file/state-text.js';
import { Transition } from './transition.js';
import { Wake } from './wake.js';

export interface EnforcerParts {
  readonly host: string;
  readonly client: Client<typeof enforceV1.EnforceService>;
  readonly tools: KernelTools;
  readonly stateFile: StateFile;
  /** What the state file held. */
  readonly kept: Kept | undefined;
  readonly reporter: Reporter;
  readonly conditions: Conditions;
  /** Takes our rules out of the back end that is not in use any more. */
  readonly clearOtherBackend: (() => Promise<void>) | undefined;
  readonly heartbeatMs: number;
  readonly driftIntervalMs: number;
  readonly hits: RuleHits;
  /** Default: `defaultDropLog`. */
  readonly dropLog: DropLog | undefined;
  /** Between two readings of the rules' counters; 0: never. */
  readonly hitsIntervalMs: number;
  readonly startPatienceMs: number;
  readonly reviewIntervalMs: number;
  readonly maxRevoked: number;
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

type Job =
  | 'sync'
  | 'enforce'
  | 'repair'
  | 'observe'
  | 'countMembers'
  | 'destroyStrays'
  | 'countHits'
  | 'review'
  | 'lookAtBridges';

/** The kernel lets go of a set some 20 ms after the last rule that named it (nf_tables destroys rules later). */
const firstStrayPauseMs = 20;
/** Members of sets are counted so many times as often as the kernel is read, but not more often than this. */
const countsPerRead = 10;
const leastCountIntervalMs = 100;
/** How often it is looked what bridges learn from. */
const bridgeIntervalMs = 10_000;
const framesMessage =
  'ARP and source MACs of VMs with anti-spoofing are not judged: ebtables-nft (Debian package iptables) is needed';

/**
 * The life of one host's enforcement: doorbell or heartbeat → Sync → apply → Report, and between them the look whether the
 * kernel still holds what was applied.
 *
 * Owns: what is desired, and when what is done.
 * Does not own: how one state follows another (Transition) and the kernel holds it (Enforcement), how others' changes are
 * found (DriftWatch), the words with the dispatcher (SyncClient, Reporter).
 * Invariants: 1. One job at a time: nothing is written while anything else is. 2. E1: nothing is written before a snapshot or
 * the last known state is at hand. 3. However often the doorbell rings during a job, one more Sync follows. 4. Each
 * generation that came to be known is reported, once what it revokes is stopped.
 */
export class Enforcer {
  readonly #parts: EnforcerParts;
  readonly #enforcement: Enforcement;
  readonly #transition: Transition;
  readonly #syncClient: SyncClient;
  readonly #schedule = new Schedule<Job>([
    'sync',
    'enforce',
    'repair',
    'observe',
    'countMembers',
    'destroyStrays',
    'countHits',
    'review',
    'lookAtBridges',
  ]);
  readonly #wake = new Wake();
  readonly #drift: DriftWatch;
  readonly #hitWatch: HitWatch;
  readonly #bridges: BridgeLearning;
  readonly #toolProblems: ToolProblems;
  readonly #account: Account;
  readonly #otherBackend: OtherBackend;
  readonly #syncBackoff = new Backoff({ firstMs: 100, longestMs: 1000 });
  readonly #enforceBackoff = new Backoff({ firstMs: 200, longestMs: 10_000 });
  readonly #strayBackoff = new Backoff({ firstMs: 2 * firstStrayPauseMs, longestMs: 10_000 });
  readonly #jobs: Readonly<Record<Job, (signal: AbortSignal) => Promise<void>>> = {
    sync: (signal) => this.#sync(signal),
    enforce: () => this.#enforce({ syncMs: 0, mustReport: false }),
    observe: () => this.#observe(),
    repair: () => this.#repair(),
    countMembers: async () => this.#countMembers(),
    destroyStrays: () => this.#destroyStrays(),
    countHits: async () => this.#countHits(),
    review: () => this.#review(),
    lookAtBridges: async () => this.#lookAtBridges(),
  };
  #desired: Desired | undefined;
  #hasStarted = false;
  #rungAt: number | undefined;

  constructor(parts: EnforcerParts) {
    this.#parts = parts;
    this.#enforcement = new Enforcement({ tools: parts.tools, log: parts.log, dropLog: parts.dropLog });
    this.#transition = new Transition({
      ...parts,
      enforcement: this.#enforcement,
      before: parts.kept?.before ?? [],
    });
    this.#bridges = new BridgeLearning(parts);
    this.#syncClient = new SyncClient({ client: parts.client, host: parts.host });
    this.#otherBackend = new OtherBackend({ ...parts, clear: parts.clearOtherBackend });
    this.#toolProblems = new ToolProblems(parts.conditions);
    this.#account = new Account(parts.reporter);
    this.#drift = new DriftWatch({
      tools: parts.tools,
      enforcement: this.#enforcement,
      driftIntervalMs: parts.driftIntervalMs,
      onNews: () => this.#lookForNews(),
      onRead: () => {
        this.#schedule.set('repair', performance.now());
        this.#wake.wake();
      },
      onLooked: (attempt, error) => this.#toolProblems.set(attempt, error),
    });
    this.#hitWatch = new HitWatch({
      tools: parts.tools,
      enforcement: this.#enforcement,
      hits: parts.hits,
      onError: (error) => parts.log.warn({ err: error }, 'the counters of rules could not be read'),
    });
  }

  get status(): EnforcerStatus {
    const { lastGood, failures } = this.#account;
    return { desired: this.#desired?.generation, applied: lastGood, failures };
  }

  /** The desired state may have changed. After a failed Sync the pause, at most a second, is kept. */
  ring(): void {
    this.#rungAt ??= performance.now();
    if (!this.#syncBackoff.isFailing) this.#schedule.advance('sync', performance.now());
    this.#wake.wake();
  }

  /** Until the signal aborts; a job that has begun is finished. */
  async run(signal: AbortSignal): Promise<void> {
    this.#schedule.set('observe', performance.now() + this.#parts.driftIntervalMs);
    this.#schedule.set('countMembers', performance.now());
    await this.#begin(signal);
    while (!signal.aborted) {
      const job = this.#schedule.take(performance.now());
      if (job === undefined) await this.#wake.sleep(this.#schedule.pauseMs(performance.now(), 60_000), signal);
      else await this.#perform(job, signal);
    }
  }

  /** What the dispatcher says is newer than the file, if it answers soon; else the host must not stay as a reboot left it. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { kept, startPatienceMs, log } = this.#parts;
    const lastKnown = kept?.desired;
    this.#schedule.set('sync', performance.now());
    if (lastKnown === undefined) return;
    this.#syncClient.adopt(lastKnown);
    const patience = AbortSignal.timeout(startPatienceMs);
    const either = AbortSignal.any([signal, patience]);
    while (this.#desired === undefined && !either.aborted) {
      if (this.#schedule.take(performance.now()) === 'sync') await this.#perform('sync', either);
      else await this.#wake.sleep(this.#schedule.pauseMs(performance.now(), startPatienceMs), either);
    }
    if (this.#desired !== undefined || signal.aborted) return;
    log.warn({ generation: lastKnown.generation }, 'the dispatcher does not answer: the last known state is enforced');
    this.#desired = lastKnown;
    this.#schedule.set('enforce', performance.now());
  }

  async #perform(job: Job, signal: AbortSignal): Promise<void> {
    try {
      await this.#jobs[job](signal);
    } catch (error) {
      this.#parts.log.error({ err: error, job }, 'a job failed for a reason nobody thought of');
      this.#account.take([internalFailure(error)], this.#desired?.generation);
      this.#report({ cause: 'change', diff: { rules: [], sets: [] }, timings: noTime });
      this.#retryEnforce();
    }
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const startedAt = this.#rungAt ?? performance.now();
    this.#rungAt = undefined;
    // Before the question is put: a doorbell that rings meanwhile moves it forward again.
    this.#schedule.set('sync', performance.now() + this.#parts.heartbeatMs);
    const synced = await this.#ask(signal, startedAt);
    if (synced === undefined) return;
    const isNew = synced.isSnapshot || !isSameGeneration(this.#desired?.generation, synced.desired.generation);
    this.#desired = synced.desired;
    if (synced.isSnapshot) this.#parts.hits.tellAgain();
    if (isNew) await this.#enforce({ syncMs: performance.now() - startedAt, mustReport: true });
  }

  /** Undefined where there is no answer that can be used; when to ask again is then scheduled. */
  async #ask(signal: AbortSignal, startedAt: number): Promise<Synced | undefined> {
    const { heartbeatMs, conditions, log } = this.#parts;
    try {
      const synced = await this.#syncClient.sync(signal);
      if (this.#syncBackoff.isFailing) log.info('the dispatcher answers');
      this.#syncBackoff.succeed();
      conditions.set('DIGEST_MISMATCH', undefined);
      return synced;
    } catch (error) {
      const isMismatch = error instanceof DigestMismatch;
      if (signal.aborted && !isMismatch) {
        this.#schedule.set('sync', performance.now());
        return undefined;
      }
      if (isMismatch) conditions.set('DIGEST_MISMATCH', error.message);
      if (!this.#syncBackoff.isFailing) log.warn({ err: error }, 'the dispatcher does not answer as it should');
      this.#rungAt ??= startedAt;
      const pauseMs = this.#syncBackoff.fail();
      // To send everything once a second to a host that cannot use it helps nobody.
      this.#schedule.set('sync', performance.now() + (isMismatch ? heartbeatMs : pauseMs));
      return undefined;
    }
  }

  async #enforce({ syncMs, mustReport }: { syncMs: number; mustReport: boolean }): Promise<void> {
    if (this.#desired === undefined) return;
    const desired = this.#desired;
    const enforced = await this.#transition.to(desired);
    this.#schedule.set('review', this.#transition.nextReviewAt);
    this.#takeIn(desired, enforced);
    if (mustReport || !this.#account.isReported(desired.generation) || isChange(enforced.diff)) {
      const { diff, planMs, applyMs, revokeMs } = enforced;
      const timings = { syncMs, planMs, applyMs, revokeMs };
      this.#report({ cause: this.#hasStarted ? 'change' : 'start', diff, timings }, enforced);
    }
    if (enforced.failed !== undefined) return;
    if (!this.#hasStarted && this.#parts.hitsIntervalMs > 0) this.#schedule.set('countHits', performance.now());
    if (!this.#hasStarted) this.#schedule.set('lookAtBridges', performance.now());
    this.#hasStarted = true;
    await this.#otherBackend.clear();
    this.#scheduleStrays();
  }

  /** Flows that nobody tracks any more need no stopping, and a state that is not settled is tried again. */
  async #review(): Promise<void> {
    if (this.#desired === undefined) return;
    const isReviewed = await this.#transition.review(this.#desired.state);
    this.#schedule.set('review', this.#transition.nextReviewAt);
    if (isReviewed) await this.#enforce({ syncMs: 0, mustReport: false });
  }

  #takeIn(desired: Desired, { closed, failed }: Enforced): void {
    const { conditions, log } = this.#parts;
    this.#account.take(failuresOf({ failed, closed }), desired.generation);
    conditions.set('XTABLES_LOCKED', failed?.failure === 'locked' ? failed.message : undefined);
    this.#toolProblems.set('apply', failed?.failure === 'broken' ? failed : undefined);
    this.#tellFramesProblem();
    if (failed !== undefined) {
      log.error({ err: failed, generation: desired.generation }, 'the state could not be put in force');
      this.#retryEnforce();
      return;
    }
    this.#enforceBackoff.succeed();
    this.#schedule.set('enforce', this.#enforcement.nextRetryAt);
  }

  #tellFramesProblem(): void {
    const problem = this.#enforcement.framesProblem;
    this.#parts.conditions.set('FRAMES_UNFILTERED', problem && `${framesMessage}: ${problem}`);
  }

  /** Whether the kernel is known to hold what is desired, but for what others change. */
  get #isSettled(): boolean {
    return this.#hasStarted && !this.#enforceBackoff.isFailing;
  }

  async #observe(): Promise<void> {
    const now = performance.now();
    const { backOffUntil } = this.#drift;
    this.#schedule.set('observe', now + this.#parts.driftIntervalMs);
    if (now < backOffUntil) this.#schedule.set('observe', backOffUntil);
    else if (this.#isSettled) {
      await this.#otherBackend.clear();
      await this.#drift.read();
    }
  }

  #countMembers(): void {
    const intervalMs = Math.max(this.#parts.driftIntervalMs / countsPerRead, leastCountIntervalMs);
    this.#schedule.set('countMembers', performance.now() + intervalMs);
    if (this.#isSettled) this.#drift.count();
  }

  #lookForNews(): void {
    const at = this.#drift.nextReadAt;
    if (at === undefined) return;
    this.#schedule.advance('observe', at);
    this.#wake.wake();
  }

  /** Begins to read: nobody waits for it. */
  #countHits(): void {
    this.#schedule.set('countHits', performance.now() + this.#parts.hitsIntervalMs);
    void this.#hitWatch.read();
  }

  /** Begins to look: nobody waits for it. */
  #lookAtBridges(): void {
    this.#schedule.set('lookAtBridges', performance.now() + bridgeIntervalMs);
    void this.#bridges.look(this.#desired?.state.nics.values() ?? []);
  }

  async #repair(): Promise<void> {
    const { log, conditions } = this.#parts;
    const found = await this.#drift.repair();
    this.#tellFramesProblem();
    if (found === 'overtaken') {
      this.#schedule.set('observe', performance.now());
      return;
    }
    this.#scheduleStrays();
    this.#lookForNews();
    conditions.set('DRIFT_REPEATED', this.#drift.complaint);
    if (found === 'clean') return;
    const { diff, failed, planMs, applyMs } = found;
    const changes = [...diff.rules, ...diff.sets];
    const changedBy = found.changedBy.map(textOfWriter).join(', ');
    log.warn(
      { count: changes.length, first: changes.slice(0, 5), changedBy, err: failed },
      'the kernel did not hold what was applied',
    );
    if (failed === undefined)
      this.#report({ cause: 'drift', diff, changedBy, timings: { ...noTime, planMs, applyMs } });
    else this.#schedule.set('enforce', performance.now());
  }

  async #destroyStrays(): Promise<void> {
    const destroyed = await this.#enforcement.destroyStrays();
    const { diff } = destroyed;
    if (isChange(diff)) this.#report({ cause: 'change', diff, timings: noTime }, destroyed);
    if (!this.#enforcement.hasStrays) this.#strayBackoff.succeed();
    else this.#schedule.set('destroyStrays', performance.now() + this.#strayBackoff.fail());
  }

  #scheduleStrays(): void {
    if (this.#enforcement.hasStrays) this.#schedule.advance('destroyStrays', performance.now() + firstStrayPauseMs);
  }

  #retryEnforce(): void {
    this.#schedule.set('enforce', performance.now() + this.#enforceBackoff.fail());
  }

  /** Without `told` nothing has changed of what was told. */
  #report(done: Pick<Report, 'cause' | 'diff' | 'timings' | 'changedBy'>, told?: Told): void {
    if (this.#desired === undefined) return;
    const { told: last } = this.#enforcement;
    this.#account.report({ ...done, generation: this.#desired.generation }, told ?? { before: last, after: last });
  }
}

function textOfWriter({ program, pid }: Writer): string {
  return `${program} (pid ${pid})`;
}

const noTime = { syncMs: 0, planMs: 0, applyMs: 0, revokeMs: 0 };

function isChange({ rules, sets }: Diff): boolean {
  return rules.length + sets.length > 0;
}
