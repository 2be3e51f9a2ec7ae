import { Code } from '@connectrpc/connect';
import { expect, it } from 'vitest';
import { formatPageToken, pageOf, readPage } from './page.js';

const names = Array.from({ length: 250 }, (_, i) => `n${String(i).padStart(3, '0')}`);
const options = { nameOf: (name: string) => name, scope: 'all' };

it('pages follow each other without a gap or a repetition', () => {
  const seen: string[] = [];
  let pageToken = '';
  do {
    const page = pageOf(names, { pageSize: 99, pageToken }, options);
    seen.push(...page.items);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  expect(seen).toEqual(names);
});

it.each([
  [0, 100],
  [7, 7],
  [5000, 1000],
])('a page size of %i means %i', (pageSize, size) => {
  expect(readPage({ pageSize, pageToken: '' }, 'all')).toEqual({ after: '', size });
});

it('a page that is exactly full and last has no successor', () => {
  expect(pageOf(['a', 'b'], { pageSize: 2, pageToken: '' }, options)).toEqual({ items: ['a', 'b'], nextPageToken: '' });
});

it.each([
  ['a negative size', { pageSize: -1, pageToken: '' }],
  ['a token of another listing', { pageSize: 1, pageToken: formatPageToken('other', 'a') }],
  ['a token that is none', { pageSize: 1, pageToken: 'what?' }],
  ['a token with something after it', { pageSize: 1, pageToken: Buffer.from('all\na\nb').toString('base64url') }],
])('%s is INVALID_ARGUMENT', (_, request) => {
  expect(() => readPage(request, 'all')).toThrow(expect.objectContaining({ code: Code.InvalidArgument }));
});
