import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@connectrpc/connect';
import type { enforceV1 } from '@portcullis/api';
import type { Applied } from '@portcullis/plan';
import { Wake } from '../wake.js';
import type { Report } from './report.js';
import { ReportQueue, type ReportQueueOptions } from './report-queue.js';

type Description = Pick<
  enforceV1.ReportRequest,
  'conditions' | 'backend' | 'version' | 'ruleHits' | 'hitsCountedSince'
>;

export interface ReporterOptions {
  readonly client: Client<typeof enforceV1.EnforceService>;
  /** hosts/{host} */
  readonly host: string;
  readonly heartbeatMs: number;
  /** What the host says of itself, asked before each call. */
  readonly describe: () => Description;
  /** The dispatcher has taken the description and the reports. */
  readonly onTaken: () => void;
  readonly onError: (error: unknown) => void;
  readonly queue?: ReportQueueOptions;
}

const firstPauseMs = 100;
const longestPauseMs = 1000;

/**
 * Tells the dispatcher what was done to the kernel, and at least once per heartbeat that this host is alive.
 *
 * Owns: the queue of reports. Does not own: what is in them.
 * Invariants: 1. One call at a time, so reports arrive in order. 2. What fails is sent again, for ever, at most a second
 * apart. 3. Who enforces never waits for it.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #queue: ReportQueue;
  readonly #wake = new Wake();

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#queue = new ReportQueue(options.queue);
  }

  /** `before` and `after`: what the kernel held, as far as it was told, on both sides of the report. */
  push(report: Report, kernel: { before: Applied; after: Applied }): void {
    this.#queue.push(report, kernel);
    this.#wake.wake();
  }

  /** Sends until the signal aborts, then once more what is left, if the dispatcher takes it at once. */
  async run(signal: AbortSignal): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!signal.aborted) {
      if (await this.#send(signal)) {
        pauseMs = firstPauseMs;
        if (this.#queue.size === 0) await this.#wake.sleep(this.#options.heartbeatMs, signal);
      } else {
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
    if (this.#queue.size > 0) await this.#send(AbortSignal.timeout(1000));
  }

  async #send(signal: AbortSignal): Promise<boolean> {
    const { client, host, describe, onTaken, onError } = this.#options;
    try {
      await client.report({ host, reports: this.#queue.next(), ...describe() }, { signal, timeoutMs: 10_000 });
      this.#queue.taken();
      onTaken();
      return true;
    } catch (error) {
      this.#queue.failed();
      if (!signal.aborted) onError(error);
      return false;
    }
  }
}
