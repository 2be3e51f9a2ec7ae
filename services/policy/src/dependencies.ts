import type { Commit, Revisions } from '@portcullis/resource';
import type { Store } from '@portcullis/store';
import type { InventoryClient } from './inventory/inventory-client.js';
import type { Quotas } from './quota/quotas.js';

/** What the handlers of policy need. */
export interface Dependencies {
  readonly store: Store;
  readonly commit: Commit;
  readonly revisions: Revisions;
  readonly quotas: Quotas;
  readonly inventory: InventoryClient;
  /** Looks again whether what a commit names in inventory is still there. */
  readonly housekeeping: { suspect(names: { nics?: readonly string[]; networks?: readonly string[] }): void };
  readonly now: () => Date;
  /** Aborts when the service closes; ends watches. */
  readonly closing: AbortSignal;
}
