import { setTimeout as sleep } from 'node:timers/promises';
import type { inventoryV1 } from '@portcullis/api';
import type { Logger } from '@portcullis/runtime';
import type { InventoryClient } from './inventory-client.js';

export interface WatchRemovalsOptions {
  readonly inventory: InventoryClient;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly onRemoval: (names: { nics: string[]; networks: string[] }) => void;
  /** There was a snapshot: removals before it may have been missed. */
  readonly onSnapshot: () => void;
}

/** Pauses between two attempts to watch, in milliseconds: the first, and the longest. */
const minPauseMs = 50;
const maxPauseMs = 2000;

/** Hears what inventory removes, through any number of connections, until the signal aborts. */
export async function watchRemovals({ inventory, log, signal, ...heard }: WatchRemovalsOptions): Promise<void> {
  let token = '';
  let pauseMs = minPauseMs;
  while (!signal.aborted) {
    try {
      for await (const { event } of inventory.watch(token, signal)) {
        pauseMs = minPauseMs;
        if (event.case === 'snapshotCompleted') {
          heard.onSnapshot();
          token = event.value.revisionToken;
        } else if (event.case === 'commit') {
          const names = removalsOf(event.value.changes);
          if (names.nics.length > 0 || names.networks.length > 0) heard.onRemoval(names);
          token = event.value.revisionToken;
        }
      }
      log.debug('the watch of inventory ended');
    } catch (error) {
      if (signal.aborted) return;
      // Once, not for every attempt.
      log[pauseMs === minPauseMs ? 'warn' : 'debug']({ reason: String(error) }, 'the watch of inventory broke off');
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(2 * pauseMs, maxPauseMs);
  }
}

function removalsOf(changes: readonly inventoryV1.Change[]): { nics: string[]; networks: string[] } {
  const nics: string[] = [];
  const networks: string[] = [];
  for (const { change } of changes) {
    if (change.case !== 'removal') continue;
    const { removed } = change.value;
    if (removed.case === 'nic') nics.push(removed.value);
    else if (removed.case === 'network') networks.push(removed.value);
  }
  return { nics, networks };
}
