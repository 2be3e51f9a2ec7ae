import { setTimeout as sleep } from 'node:timers/promises';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { policyV1 } from '@portcullis/api';
import type { Logger } from '@portcullis/runtime';
import { followStore, type LoggedChange, type Store } from '@portcullis/store';
import { pendingExpiry, rules } from '../documents.js';
import { expiryOf } from './expire-time.js';

export interface RuleExpiryOptions {
  readonly store: Store;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Longest sleep of the timer, in milliseconds: the clock of the machine may be set meanwhile. */
const maxSleepMs = 60_000;

/** Pause after an attempt that failed, in milliseconds. */
const retryMs = 1000;

/** Rules that expire in one commit. */
const maxBatch = 500;

/**
 * Commits `expired` when the time of a rule has come, so that every host drops it.
 *
 * Owns: when each rule expires, from the store's snapshot and log, and one timer for the first of them.
 * Does not own: whether a rule has expired: the transaction looks again.
 * Invariant: a rule whose time has passed is expired once the store can be written, also after a restart and whichever
 * replica made the rule.
 */
export class RuleExpiry {
  readonly #options: RuleExpiryOptions;
  readonly #stop = new AbortController();
  /** Time in milliseconds by name. */
  readonly #pending = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #following: Promise<void> | undefined;
  #expiring: Promise<void> | undefined;

  constructor(options: RuleExpiryOptions) {
    this.#options = options;
  }

  start(): void {
    this.#following = this.#follow();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#following;
    await this.#expiring;
  }

  async #follow(): Promise<void> {
    const { store, log } = this.#options;
    const { signal } = this.#stop;
    let after: number | undefined;
    while (!signal.aborted) {
      try {
        for await (const event of followStore(store, { snapshot: [pendingExpiry], after, signal })) {
          if (event.case === 'snapshotStarted') this.#pending.clear();
          else if (event.case === 'document') this.#note(event.document.name, rules.view(event.document.body));
          else if (event.case === 'snapshotCompleted') after = event.revision;
          else {
            for (const change of event.commit.changes) this.#noteChange(change);
            after = event.commit.revision;
          }
        }
      } catch (error) {
        log.warn({ reason: String(error) }, 'cannot follow when rules expire');
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #noteChange({ kind, name, body }: LoggedChange): void {
    if (kind === rules.kind) this.#note(name, body && rules.view(body));
  }

  #note(name: string, rule: policyV1.SecurityGroupRule | undefined): void {
    if (rule?.expireTime === undefined || rule.expired) {
      this.#pending.delete(name);
      return;
    }
    const at = expiryOf(rule.expireTime);
    this.#pending.set(name, at);
    if (at < this.#timerAt) this.#setTimer(at);
  }

  #setTimer(at: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    if (this.#stop.signal.aborted || at === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, Math.min(at - this.#options.now().getTime(), maxSleepMs));
    this.#timer = setTimeout(() => {
      this.#expiring = this.#expireDue();
    }, delayMs);
    this.#timer.unref();
  }

  async #expireDue(): Promise<void> {
    const { log, now } = this.#options;
    const due = [...this.#pending].filter(([, at]) => at <= now().getTime());
    try {
      for (let i = 0; i < due.length; i += maxBatch) {
        await this.#expire(due.slice(i, i + maxBatch).map(([name]) => name));
      }
      // Unless the log has told of another time meanwhile.
      for (const [name, at] of due) if (this.#pending.get(name) === at) this.#pending.delete(name);
      let first = Number.POSITIVE_INFINITY;
      for (const at of this.#pending.values()) first = Math.min(first, at);
      this.#setTimer(first);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      log.warn({ reason: String(error) }, 'cannot expire rules yet');
      this.#setTimer(now().getTime() + retryMs);
    }
  }

  async #expire(names: readonly string[]): Promise<void> {
    const { store, log, now } = this.#options;
    const { value: count } = await store.transact(async (tx) => {
      const time = now();
      const found = [...(await rules.getMany(tx, names)).values()];
      const due = found.filter((rule) => !rule.expired && isPast(rule, time));
      const expired = due.map((rule) => ({ ...rule, expired: true, updateTime: timestampFromDate(time) }));
      await rules.put(tx, expired);
      return expired.length;
    });
    if (count > 0) log.info({ rules: count }, 'rules have expired');
  }
}

function isPast({ expireTime }: policyV1.SecurityGroupRule, time: Date): boolean {
  return expireTime !== undefined && expiryOf(expireTime) <= time.getTime();
}
