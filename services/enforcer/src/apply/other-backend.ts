import type { Logger } from '@portcullis/runtime';
import type { Conditions } from '../conditions/conditions.js';

export interface OtherBackendOptions {
  /** Takes our rules out of the back end that is not in use any more; undefined where it holds none. */
  readonly clear: (() => Promise<void>) | undefined;
  readonly conditions: Conditions;
  readonly log: Logger;
}

const failedMessage =
  'old rules of Portcullis in the other back end of iptables cannot be removed, and packets must pass both';

/**
 * Rules of ours in the back end that was in use before.
 *
 * Owns: whether they are gone. Does not own: when they may go, which is once those that replace them are in force.
 */
export class OtherBackend {
  readonly #conditions: Conditions;
  readonly #log: Logger;
  /** Undefined once they are gone. */
  #clear: OtherBackendOptions['clear'];

  constructor({ clear, conditions, log }: OtherBackendOptions) {
    this.#clear = clear;
    this.#conditions = conditions;
    this.#log = log;
  }

  /** Once it has succeeded, there is nothing more to do. A failure is told, and the next call tries again. */
  async clear(): Promise<void> {
    if (this.#clear === undefined) return;
    try {
      await this.#clear();
      this.#clear = undefined;
      this.#conditions.set('OTHER_BACKEND_NOT_CLEARED', undefined);
      this.#log.info('rules of Portcullis in the other back end are removed');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#conditions.set('OTHER_BACKEND_NOT_CLEARED', `${failedMessage}: ${why}`);
    }
  }
}
