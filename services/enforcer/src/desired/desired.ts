import type { HostState } from '@portcullis/compile';
import type { Generation } from './generation.js';

/** What this host is to enforce, as the dispatcher said it last or as the state file kept it. */
export interface Desired {
  readonly generation: Generation;
  /** Values never change; what did not change from one state to the next is the same object. */
  readonly state: HostState;
  /** Objects this version cannot read, and why, by key: `group <id>`, `memberSet <key>` or `addressGroup <id>`. */
  readonly unreadable: ReadonlyMap<string, string>;
}

export const emptyState: HostState = {
  nics: new Map(),
  groups: new Map(),
  memberSets: new Map(),
  addressGroups: new Map(),
};
