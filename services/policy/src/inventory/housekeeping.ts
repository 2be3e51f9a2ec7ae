import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@portcullis/runtime';
import type { Store } from '@portcullis/store';
import type { InventoryClient } from './inventory-client.js';
import { watchRemovals } from './inventory-removals.js';
import { sweepEverything, sweepNetworks, sweepNics } from './sweep.js';

export interface HousekeepingOptions {
  readonly store: Store;
  readonly inventory: InventoryClient;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Pause after a sweep that failed, in milliseconds. */
const retryMs = 1000;

/**
 * Takes NICs that are gone out of groups, and groups off networks that are gone.
 *
 * Owns: the names that are to be looked at, the watch of inventory, and one sweep at a time.
 * Does not own: what is true. Every sweep asks inventory, and removes only what inventory says is gone.
 * Invariants: 1. A membership whose NIC was deleted goes, also when the NIC was deleted while it was made, when policy
 * did not run, and when a NIC of the same name exists again: a uid that is gone never comes back. 2. What cannot be looked
 * at now stays to be looked at.
 */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #stop = new AbortController();
  readonly #nics = new Set<string>();
  readonly #networks = new Set<string>();
  #everything = false;
  #wake: () => void = () => undefined;
  #running: Promise<unknown> | undefined;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  start(): void {
    const { inventory, log } = this.#options;
    const { signal } = this.#stop;
    const watching = watchRemovals({
      inventory,
      log,
      signal,
      onRemoval: (names) => this.suspect(names),
      // What was removed before it is not told.
      onSnapshot: () => {
        this.#everything = true;
        this.#wake();
      },
    });
    this.#running = Promise.all([watching, this.#sweep()]);
  }

  /** Looks at these soon, whether inventory still has them. */
  suspect({ nics = [], networks = [] }: { nics?: readonly string[]; networks?: readonly string[] }): void {
    for (const nic of nics) this.#nics.add(nic);
    for (const network of networks) this.#networks.add(network);
    this.#wake();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#running;
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (this.#nics.size === 0 && this.#networks.size === 0 && !this.#everything) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      await this.#sweepOnce();
    }
  }

  async #sweepOnce(): Promise<void> {
    const { signal } = this.#stop;
    const [everything, nics, networks] = [this.#everything, [...this.#nics], [...this.#networks]];
    this.#everything = false;
    this.#nics.clear();
    this.#networks.clear();
    try {
      const sweep = { ...this.#options, signal };
      if (everything) await sweepEverything(sweep);
      else {
        await sweepNics(sweep, nics);
        await sweepNetworks(sweep, networks);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#everything ||= everything;
      this.suspect({ nics, networks });
      this.#options.log.warn({ reason: String(error) }, 'cannot look whether NICs and networks are gone');
      await sleep(retryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
