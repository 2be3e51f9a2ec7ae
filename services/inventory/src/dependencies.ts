import type { Commit, Revisions } from '@portcullis/resource';
import type { Store } from '@portcullis/store';

/** What every handler of inventory needs. */
export interface Dependencies {
  readonly store: Store;
  readonly commit: Commit;
  readonly revisions: Revisions;
  readonly now: () => Date;
  /** Aborts when the service closes; ends watches. */
  readonly closing: AbortSignal;
}
