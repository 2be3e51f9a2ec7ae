import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parseCallers } from './parse-callers.js';

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');
const parse = (...callers: object[]) => parseCallers(JSON.stringify({ callers }));
const byToken = (token: string) => ({ authorization: `Bearer ${token}`, certificateNames: () => [] });
const byNames = (...names: string[]) => ({ authorization: null, certificateNames: () => names });

const a = { name: 'a', tokens: [hashOf('secret-a')], role: 'admin' };
const b = { name: 'b', certificates: ['CN:b', 'URI:spiffe://cloud/b'], projects: { 'projects/p': 'read' } };

it('a caller is recognised by a token, or by a name in a certificate', () => {
  const callers = parse(a, b);
  expect(callers.find(byToken('secret-a'))?.name).toBe('a');
  expect(callers.find(byNames('DNS:x', 'URI:spiffe://cloud/b'))?.name).toBe('b');
});

it.each([
  ['nothing is shown', byNames()],
  ['a name nobody has', byNames('CN:c')],
  ['a token nobody has', byToken('secret-b')],
  ['the hash instead of the token', byToken(hashOf('secret-a'))],
  ['another scheme', { authorization: 'Basic secret-a', certificateNames: () => [] }],
  ['two tokens', { authorization: 'Bearer secret-a, Bearer secret-a', certificateNames: () => [] }],
  ['a wrong token, with a good certificate', { ...byToken('secret-b'), certificateNames: () => ['CN:b'] }],
])('nobody is recognised by %s', (_, shown) => {
  expect(parse(a, b).find(shown)).toBeUndefined();
});

it('a certificate with names of two callers is of neither', () => {
  const callers = parse(b, { name: 'c', certificates: ['DNS:c'] });
  expect(callers.find(byNames('CN:b', 'DNS:c'))).toBeUndefined();
  expect(callers.find(byNames('CN:b', 'URI:spiffe://cloud/b'))?.name).toBe('b');
});

it.each([
  ['a token in clear', { ...a, tokens: ['secret-a'] }, 'callers[0].tokens[0]: must be a SHA-256, 64 digits of 0-9 a-f'],
  ['no credential', { name: 'a', role: 'admin' }, 'callers[0]: needs tokens or certificates'],
  ['an unknown role', { ...a, role: 'root' }, 'callers[0].role: must be admin or system'],
  ['a wildcard', { ...b, projects: { 'projects/-': 'read' } }, 'callers[0].projects.projects/-: '],
  [
    'an unknown grant',
    { ...b, projects: { 'projects/p': 'own' } },
    'callers[0].projects.projects/p: must be read, write',
  ],
  ['a host without collection', { ...b, hosts: ['h1'] }, 'callers[0].hosts[0]: must be hosts/ and an id'],
  ['a field that does not exist', { ...a, admin: true }, 'callers[0]: '],
  ['no name', { ...a, name: '' }, 'callers[0].name: '],
])('%s is refused, and the error says where', (_, caller, message) => {
  expect(() => parse(caller)).toThrow(message);
});

it('no two callers share a name, a token or a certificate', () => {
  const other = { name: 'x', tokens: [hashOf('x')] };
  expect(() => parse(a, { ...other, name: 'a' })).toThrow('callers[1].name: is given twice');
  expect(() => parse(a, { ...other, tokens: a.tokens })).toThrow('callers[1].tokens[0]: is given twice');
  expect(() => parse(b, { ...other, certificates: ['CN:b'] })).toThrow('callers[1].certificates[0]: is given twice');
});

it('the example of docs/security.md is one', () => {
  const page = readFileSync(new URL('../../../../docs/security.md', import.meta.url), 'utf8');
  const callers = parseCallers(/^```json\n(.*?)^```/ms.exec(page)?.[1] ?? '');
  expect(callers.find(byNames('URI:spiffe://cloud.example/portcullis'))?.role).toBe('system');
  expect(callers.find(byNames('CN:h1'))?.hosts).toEqual(new Set(['hosts/h1']));
});

it('what is not JSON is refused without a word of it', () => {
  expect(() => parseCallers('my-secret')).toThrow(/^is not JSON$/);
});
