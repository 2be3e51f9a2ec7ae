import { expect, it } from 'vitest';
import { formatRevisionToken, parseRevisionToken } from './revision-token.js';

const token = { service: 'policy', epoch: '0b1d', revision: 42 } as const;

it('reads what it has written', () => {
  expect(parseRevisionToken(formatRevisionToken(token))).toEqual(token);
});

it.each([
  ['', 'nothing'],
  ['policy', 'plain text'],
  [Buffer.from('policy 0b1d -1').toString('base64url'), 'a negative revision'],
  [Buffer.from('policy 0b1d 01').toString('base64url'), 'a leading zero'],
  [Buffer.from('enforcer 0b1d 1').toString('base64url'), 'another service'],
  [`${formatRevisionToken(token)}=`, 'a token with something after it'],
])('refuses %j: %s', (text) => {
  expect(parseRevisionToken(text)).toBeUndefined();
});
