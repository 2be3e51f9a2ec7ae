import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SortedNames } from './sorted-names.js';

const name = fc.stringMatching(/^[ab]{0,12}$/);

it('tells what a sorted set tells, whatever comes and goes', () => {
  const step = fc.record({ name, isDeletion: fc.boolean() });
  const bounds = fc.tuple(name, name).filter(([from, to]) => from <= to);
  fc.assert(
    fc.property(fc.array(step, { minLength: 1500, maxLength: 3000 }), fc.array(bounds), (steps, asked) => {
      const names = new SortedNames();
      const model = new Set<string>();
      for (const { name: each, isDeletion } of steps) {
        if (isDeletion && model.delete(each)) names.delete(each);
        if (isDeletion || model.has(each)) continue;
        names.add(each);
        model.add(each);
      }
      const sorted = [...model].sort();
      expect([...names.from('')]).toEqual(sorted);
      for (const [from, to] of asked) {
        expect([...names.from(from)]).toEqual(sorted.filter((each) => each >= from));
        expect(names.countBetween(from, to)).toBe(sorted.filter((each) => each >= from && each < to).length);
      }
    }),
    { numRuns: 30 },
  );
});

it('is empty again, and filled again', () => {
  const names = new SortedNames();
  const all = Array.from({ length: 5000 }, (_, i) => `n${String(i).padStart(5, '0')}`);
  for (const turn of [1, 2]) {
    for (const each of turn === 1 ? all : [...all].reverse()) names.add(each);
    expect([...names.from('')]).toEqual(all);
    expect(names.countBetween('n00010', 'n04990')).toBe(4980);
    for (const each of all) names.delete(each);
    expect([...names.from('')]).toEqual([]);
  }
});
