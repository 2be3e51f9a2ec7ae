import { type Filter, FilterError, parseFilter } from './parse-filter.js';

/** The value that a field has wherever the filter holds, if the filter says so plainly: `vm_instance = "x" AND …`. */
export function requiredValue(filter: string, path: string): string | undefined {
  const parsed = parsedOrNone(filter);
  const parts = parsed?.case === 'and' ? parsed.parts : [parsed];
  for (const part of parts) {
    if (part?.case !== 'comparison') continue;
    const { comparison } = part;
    if (comparison.path === path && comparison.operator === '=') return comparison.value;
  }
  return undefined;
}

/** A filter that holds where both do; undefined where one of them is malformed, or both together are too long. */
export function bothFilters(one: string, other: string): string | undefined {
  if (one.trim() === '') return other;
  const both = `(${one}) AND (${other})`;
  return [one, other, both].every((filter) => parsedOrNone(filter) !== undefined) ? both : undefined;
}

function parsedOrNone(filter: string): Filter | undefined {
  try {
    return parseFilter(filter);
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}
