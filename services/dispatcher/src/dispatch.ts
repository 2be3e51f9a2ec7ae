import type { DispatchState } from './dispatch-state.js';
import type { RuleHitCounts } from './rule-hits.js';
import type { StatusFeed } from './status-feed.js';

/** What the two services of a dispatcher share. */
export interface Dispatch {
  readonly state: DispatchState;
  readonly feed: StatusFeed;
  readonly hits: RuleHitCounts;
  /** When this dispatcher began to hear of hits. */
  readonly startedAt: Date;
  readonly now: () => Date;
}
