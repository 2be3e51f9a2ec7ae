import { createHash } from 'node:crypto';
import type { HostState } from './host-state.js';

/** SHA-256 in hex over a canonical form of the state: equal for equal states, whatever way they came about. */
export function digestHostState(state: HostState): string {
  const hash = createHash('sha256');
  const sections = [state.nics, state.groups, state.memberSets] as const;
  for (const section of sections) {
    for (const key of [...section.keys()].toSorted()) hash.update(`${canonicalJson(section.get(key))}\n`);
    hash.update('--\n');
  }
  return hash.digest('hex');
}

/** JSON with sorted keys and sorted sets. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Set) return [...inner].toSorted();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
