import { expect, it } from 'vitest';
import { groupIds } from './group-ids.js';

it.each([
  ['Web Servers', 'web-servers'],
  ['web', 'web'],
  ['__WEB__', 'web'],
  ['应用', 'sg'],
  ['1st', 'sg-1st'],
  ['x'.repeat(80), 'x'.repeat(63)],
])('the id of a group %j is %j', (name, id) => {
  expect(groupIds([{ sourceId: 'sg-1', name }])).toEqual([id]);
});

it('groups of the same name get the end of their source ids, and one of that name another number', () => {
  const sources = [
    { sourceId: 'sg-000000aaaa', name: 'default' },
    { sourceId: 'sg-000000bbbb', name: 'Default' },
    { sourceId: 'other-000000bbbb', name: 'default' },
    { sourceId: 'x', name: 'default 0000aaaa' },
  ];
  expect(groupIds(sources)).toEqual([
    'default-0000aaaa',
    'default-0000bbbb',
    'default-0000bbbb-2',
    'default-0000aaaa-x-2',
  ]);
  const long = Array.from({ length: 3 }, (_, i) => ({ sourceId: `id-${i}`, name: 'n'.repeat(200) }));
  for (const id of groupIds(long)) expect(id).toMatch(/^[a-z][a-z0-9-]{0,62}$/);
  expect(new Set(groupIds(long)).size).toBe(3);
});
