import type { Family } from '@portcullis/model';
import { normalElement } from './flow-element.js';

/** One table as iptables-save prints it: the rules of each chain, without `-A NAME `. */
export type SavedTable = ReadonlyMap<string, readonly string[]>;

/** Reads what `iptables-save` printed: tables by name. Counters, policies and comments lines are left out. */
export function parseSavedTables(text: string): ReadonlyMap<string, SavedTable> {
  const tables = new Map<string, Map<string, string[]>>();
  let table: Map<string, string[]> | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) {
      table = new Map();
      tables.set(line.slice(1).trim(), table);
    } else if (line.startsWith(':')) {
      table?.set(line.slice(1, line.indexOf(' ')), []);
    } else if (line.startsWith('-A ')) {
      const end = line.indexOf(' ', 3);
      const chain = end < 0 ? line.slice(3) : line.slice(3, end);
      table?.get(chain)?.push(end < 0 ? '' : normalRule(line.slice(end + 1)));
    }
  }
  return tables;
}

/** Versions differ in the blanks they print, and in the case of MACs. Text in quotes is ours and holds no blanks. */
function normalRule(rule: string): string {
  const spaced = rule.includes('  ') ? rule.replaceAll(/ {2,}/g, ' ').trim() : rule.trim();
  if (!spaced.includes('--mac-source ')) return spaced;
  return spaced.replace(/(?<=--mac-source )[0-9A-F:]+/, (mac) => mac.toLowerCase());
}

export interface SavedSet {
  readonly type: string;
  readonly family: Family;
  /** Most members it can hold. */
  readonly capacity: number;
  readonly members: ReadonlySet<string>;
}

/** Reads what `ipset save` printed. Sets without a family are of IPv4. */
export function parseSavedSets(text: string): ReadonlyMap<string, SavedSet> {
  const sets = new Map<string, SavedSet & { members: Set<string> }>();
  for (const line of text.split('\n')) {
    const [verb, name = '', ...rest] = line.trim().split(' ');
    if (verb === 'create') {
      const option = (key: string) => rest[rest.indexOf(key, 1) + 1];
      const family = rest.includes('family') && option('family') === 'inet6' ? 6 : 4;
      const capacity = rest.includes('maxelem') ? Number(option('maxelem')) : 0;
      sets.set(name, { type: rest[0] ?? '', family, capacity, members: new Set() });
    } else if (verb === 'add' && rest[0] !== undefined) {
      const set = sets.get(name);
      set?.members.add(set.type === 'hash:ip,port,ip' ? normalElement(rest[0]) : rest[0]);
    }
  }
  return sets;
}
