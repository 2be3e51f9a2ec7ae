import { describe, expect, it } from 'vitest';
import { bothFilters, requiredValue } from './filter-parts.js';

describe('a value that a filter requires', () => {
  it.each([
    ['vm = "a"', 'a'],
    ['x:y AND vm = a', 'a'],
    ['vm = a OR vm = b', undefined],
    ['NOT vm = a', undefined],
    ['vm != a', undefined],
    ['vm:a', undefined],
    ['other = a', undefined],
    ['vm = a AND (', undefined],
    ['', undefined],
  ])('of %j is %j', (filter, value) => {
    expect(requiredValue(filter, 'vm')).toBe(value);
  });
});

describe('both of two filters', () => {
  it('hold together', () => {
    expect(bothFilters('a = 1 AND b = 2', 'c = 3 OR c = 4')).toBe('(a = 1 AND b = 2) AND (c = 3 OR c = 4)');
    expect(bothFilters(' ', 'c = 3')).toBe('c = 3');
  });

  it('are none where one could escape from its parentheses, is malformed, or makes both too long', () => {
    expect(bothFilters('a = 1) OR (a = 2', 'c = 3')).toBeUndefined();
    expect(bothFilters('a =', 'c = 3')).toBeUndefined();
    expect(bothFilters(`a = "${'x'.repeat(2000)}"`, `c = "${'x'.repeat(100)}"`)).toBeUndefined();
  });
});
