import type { PeerCertificate } from 'node:tls';
import { expect, it } from 'vitest';
import { namesOfCertificate } from './peer.js';

const names = (subject: object, subjectaltname?: string) =>
  namesOfCertificate({ subject, subjectaltname } as unknown as PeerCertificate);

it.each([
  ['a common name', { CN: 'h1' }, undefined, ['CN:h1']],
  [
    'alternative names',
    { CN: 'h1' },
    'DNS:h1.example, URI:spiffe://cloud/h1',
    ['CN:h1', 'DNS:h1.example', 'URI:spiffe://cloud/h1'],
  ],
  ['addresses, which are no names of callers', {}, 'IP Address:10.0.0.1, email:x@example', []],
  ['several common names, of which none counts', { CN: ['h1', 'h2'] }, undefined, []],
  ['a name in quotes that imitates others', {}, 'URI:"x, DNS:admin, y", DNS:h1', ['DNS:h1']],
  ['quotes in quotes', {}, 'URI:"x\\", DNS:admin, y", DNS:h1', ['DNS:h1']],
])('a certificate has %s', (_, subject, alternative, expected) => {
  expect(names(subject, alternative)).toEqual(expected);
});

it('no certificate has no names', () => {
  expect(namesOfCertificate(undefined)).toEqual([]);
});
