import { createHash, type Hash } from 'node:crypto';
import type { HostState } from './host-state.js';

/**
 * SHA-256 in hex over a canonical form of the state: equal for equal states, whatever way they came about. Objects and maps
 * are values that never change, so the hash of each object is kept, and of the NICs, which are many and seldom change, the
 * hash of them all: a state costs what is new in it.
 */
export function digestHostState(state: HostState): string {
  const hash = hashOfNics(state.nics).copy();
  for (const section of [state.groups, state.memberSets]) hash.update(`${linesOf(section)}--\n`);
  // Without address groups the digest is what it was before there were any: the two ends may be of different ages.
  return hash.update(linesOf(state.addressGroups)).digest('hex');
}

const begun = new WeakMap<HostState['nics'], Hash>();

function hashOfNics(nics: HostState['nics']): Hash {
  const found = begun.get(nics) ?? createHash('sha256').update(`${linesOf(nics)}--\n`);
  begun.set(nics, found);
  return found;
}

function linesOf(section: ReadonlyMap<string, object>): string {
  const lines = [...section].map(([key, object]) => ({ key, line: `${key} ${objectHash(object)}\n` }));
  return lines.toSorted((a, b) => (a.key < b.key ? -1 : 1)).reduce((text, { line }) => text + line, '');
}

const known = new WeakMap<object, string>();

function objectHash(object: object): string {
  const found =
    known.get(object) ??
    createHash('sha256')
      .update(JSON.stringify(canonical(object)))
      .digest('hex');
  known.set(object, found);
  return found;
}

/** Keys and sets of text are sorted. */
function canonical(value: unknown): unknown {
  if (value instanceof Set) return [...value].toSorted();
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, canonical(inner)]));
}
