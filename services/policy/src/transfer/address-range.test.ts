import { expect, it } from 'vitest';
import { cidrsOf, parseRange } from './address-range.js';

it.each([
  ['10.0.0.5', ['10.0.0.5/32']],
  ['10.1.2.3/8', ['10.0.0.0/8']],
  ['0.0.0.0-255.255.255.255', ['0.0.0.0/0']],
  ['10.0.0.5-10.0.0.10', ['10.0.0.5/32', '10.0.0.6/31', '10.0.0.8/31', '10.0.0.10/32']],
  ['255.255.255.254-255.255.255.255', ['255.255.255.254/31']],
  ['::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', ['::/0']],
  ['2001:db8::1-2001:db8::2', ['2001:db8::1/128', '2001:db8::2/128']],
])('%s is %j', (text, cidrs) => {
  const range = parseRange(text);
  expect(range && cidrsOf(range)).toEqual(cidrs);
});

it.each([
  '',
  'x',
  '10.0.0.1-',
  '10.0.0.2-10.0.0.1',
  '10.0.0.1-::1',
  '10.0.0.1-10.0.0.2-10.0.0.3',
  '10.0.0.0/8-10.0.0.1',
])('%j is no range', (text) => {
  expect(parseRange(text)).toBeUndefined();
});
