import { createHash } from 'node:crypto';
import type { HostState } from './host-state.js';

/**
 * SHA-256 in hex over a canonical form of the state: equal for equal states, whatever way they came about. Objects are
 * values that never change, so the hash of each is kept: a state costs what is new in it.
 */
export function digestHostState(state: HostState): string {
  const hash = createHash('sha256');
  for (const section of [state.nics, state.groups, state.memberSets] as const) {
    for (const key of [...section.keys()].toSorted()) hash.update(`${key} ${objectHash(section.get(key) as object)}\n`);
    hash.update('--\n');
  }
  // Without address groups the digest is what it was before there were any: the two ends may be of different ages.
  for (const key of [...state.addressGroups.keys()].toSorted()) {
    hash.update(`${key} ${objectHash(state.addressGroups.get(key) as object)}\n`);
  }
  return hash.digest('hex');
}

const known = new WeakMap<object, string>();

function objectHash(object: object): string {
  const found = known.get(object) ?? createHash('sha256').update(canonicalJson(object)).digest('hex');
  known.set(object, found);
  return found;
}

/** JSON with sorted keys and sorted sets. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner instanceof Set) return [...inner].toSorted();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
