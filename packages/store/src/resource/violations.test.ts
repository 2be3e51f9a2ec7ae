import { expect, it } from 'vitest';
import { checkText } from './field-checks.js';
import { quote, Violations } from './violations.js';

it('counts characters as people do', () => {
  const violations = new Violations();
  checkText(violations, 'a', '🔥'.repeat(256), 256);
  expect(violations.any).toBe(false);
  checkText(violations, 'a', 'x'.repeat(257), 256);
  expect(violations.list).toEqual([
    { field: 'a', reason: 'TEXT_TOO_LONG', description: 'has 257 characters; the most is 256' },
  ]);
});

it('quotes a value so that it stays on its line', () => {
  expect(quote('a"\n')).toBe('"a\\"\\n"');
  expect(quote('x'.repeat(500))).toHaveLength(82);
});

it('has what is wrong with a part of a request below the path of the part', () => {
  const violations = new Violations();
  const part = violations.within('requests[3]');
  part.within('nic').add('mac_address', 'MAC_MALFORMED', 'no');
  violations.add('parent', 'FIELD_REQUIRED', 'is required');
  expect(part.list.map(({ field }) => field)).toEqual(['nic.mac_address']);
  expect(violations.list.map(({ field }) => field)).toEqual(['requests[3].nic.mac_address', 'parent']);
});
