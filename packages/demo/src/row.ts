import type { Lab } from '@portcullis/testing';
import type { Statement } from './packets.js';
import type { Scheduler } from './scheduler.js';

/** What the rows act on. */
export interface Stage {
  readonly scheduler: Scheduler;
  readonly lab: Lab;
  /** Rules that an earlier row made and a later one takes away, by a word of the rows' own. */
  readonly rules: Map<string, string>;
}

/** One promise of docs/semantics.md: a change, and what packets must do afterwards. */
export interface Row {
  readonly promise: string;
  /** Calls made; enforcement is awaited afterwards. Absent: only packets are sent. */
  readonly act?: (stage: Stage) => Promise<unknown>;
  /** The last call must fail with this reason. */
  readonly refused?: string;
  /** Runs between enforcement and the packets: what a compute agent does on the host. */
  readonly afterwards?: (stage: Stage) => Promise<unknown>;
  readonly packets: readonly Statement[];
}
