import { expect, it } from 'vitest';
import { formatAddress, parseAddress } from './address.js';

it.each([
  ['127.0.0.1:4711', { kind: 'tcp', host: '127.0.0.1', port: 4711 }, 'http://127.0.0.1:4711'],
  ['http://127.0.0.1:4711', { kind: 'tcp', host: '127.0.0.1', port: 4711 }, 'http://127.0.0.1:4711'],
  ['http://policy.example:80/', { kind: 'tcp', host: 'policy.example', port: 80 }, 'http://policy.example:80'],
  ['[::1]:0', { kind: 'tcp', host: '::1', port: 0 }, 'http://[::1]:0'],
  ['unix:/run/p.sock', { kind: 'unix', path: '/run/p.sock' }, 'unix:/run/p.sock'],
  ['unix:///run/p.sock', { kind: 'unix', path: '/run/p.sock' }, 'unix:/run/p.sock'],
  ['unix:p.sock', { kind: 'unix', path: 'p.sock' }, 'unix:p.sock'],
] as const)('%s', (text, address, dialled) => {
  expect(parseAddress(text)).toEqual(address);
  expect(formatAddress(address)).toBe(dialled);
});

it.each([
  '',
  'localhost',
  'localhost:',
  ':4711',
  'localhost:65536',
  '::1:80',
  'ftp://a:1',
  'a b:1',
  'unix:',
  'a:1/path',
])('%j is no address', (text) => {
  expect(() => parseAddress(text)).toThrow(RangeError);
});

it('the path of a socket is no longer than the kernel takes', () => {
  expect(parseAddress(`unix:/${'a'.repeat(106)}`)).toMatchObject({ kind: 'unix' });
  expect(() => parseAddress(`unix:/${'a'.repeat(107)}`)).toThrow('107 bytes');
});
