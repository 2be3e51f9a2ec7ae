import { expect, it } from 'vitest';
import { resourceName } from './resource-name.js';

const rules = resourceName('projects/{project}/securityGroups/{group}/rules/{rule}');

it('reads what it has written', () => {
  const ids = { project: 'p', group: 'web-1', rule: 'r' };
  expect(rules.format(ids)).toBe('projects/p/securityGroups/web-1/rules/r');
  expect(rules.parse(rules.format(ids))).toEqual(ids);
});

it.each([
  '',
  'projects/p/securityGroups/g/rules',
  'projects/p/securityGroups/g/rules/',
  'projects/p/securityGroups/g/rules/r/',
  'projects/p/securityGroups/g/Rules/r',
  'projects/P/securityGroups/g/rules/r',
  'projects/-/securityGroups/g/rules/r',
  'projects/p/securityGroups/1g/rules/r',
  'projects/p/securityGroups/g/rules/r\n',
  'projects/p/securityGroups/g/rules/r"; -j ACCEPT',
  `projects/p/securityGroups/g/rules/${'r'.repeat(64)}`,
])('%j is no name of a rule', (name) => {
  expect(rules.parse(name)).toBeUndefined();
});

it('an id has up to 63 characters', () => {
  expect(rules.parse(`projects/p/securityGroups/g/rules/${'r'.repeat(63)}`)?.rule).toHaveLength(63);
});
