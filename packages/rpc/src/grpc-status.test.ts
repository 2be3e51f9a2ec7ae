import { Code, ConnectError } from '@connectrpc/connect';
import { errorDetails } from '@portcullis/api';
import { expect, it } from 'vitest';
import { invalidArgument, notFound, resourceExhausted } from './errors.js';
import { formatStatus, parseStatus } from './grpc-status.js';

/** What clients count: names, values and 32 bytes for each (RFC 9113, 6.5.2), after percent-encoding and base64. */
function trailerBytes(error: unknown): number {
  const { details, metadata } = formatStatus(error);
  const trailers = { 'grpc-status': '16', 'grpc-message': encodeURI(details), ...metadata.toHttp2Headers() };
  return Object.entries(trailers).reduce((sum, [key, value]) => sum + 32 + key.length + String(value).length, 0);
}

it('reads what it has written', () => {
  const error = parseStatus(formatStatus(notFound('projects/p/securityGroups/g')));
  expect(error).toMatchObject({ code: Code.NotFound, rawMessage: 'projects/p/securityGroups/g does not exist' });
  expect(error.findDetails(errorDetails.ErrorInfoSchema)).toMatchObject([{ reason: 'RESOURCE_NOT_FOUND' }]);
  expect(error.findDetails(errorDetails.ResourceInfoSchema)).toHaveLength(1);
});

it('passes on details of errors that came from another server', () => {
  const passed = parseStatus(formatStatus(parseStatus(formatStatus(notFound('x')))));
  expect(passed.findDetails(errorDetails.ResourceInfoSchema)).toMatchObject([{ resourceName: 'x' }]);
});

it('what is no API error is INTERNAL and says nothing', () => {
  expect(formatStatus(new Error('secret'))).toMatchObject({ code: 13, details: 'internal error' });
});

it('an error without details has no trailer for them', () => {
  expect(formatStatus(new ConnectError('plain', Code.Aborted)).metadata.getMap()).toEqual({});
});

it('a lone surrogate does not break the message', () => {
  const { details } = formatStatus(resourceExhausted('FULL', 'a\ud800b'));
  expect(encodeURI(details)).toBe('a%EF%BF%BDb');
});

it.each([
  ['a long message', resourceExhausted('FULL', 'x'.repeat(1_000_000))],
  ['a long message in another script', resourceExhausted('FULL', '名'.repeat(1_000_000))],
  [
    'many violations',
    invalidArgument(
      Array.from({ length: 1000 }, (_, i) => ({ field: `f${i}`, reason: 'R', description: 'd'.repeat(500) })),
    ),
  ],
  ['a long name', notFound('projects/'.repeat(10_000))],
])('%s leaves the error readable by clients that take 8 KiB of trailers', (_, error) => {
  expect(trailerBytes(error)).toBeLessThan(8192);
  const read = parseStatus(formatStatus(error));
  expect(read.code).toBe(error.code);
  expect(read.rawMessage.slice(0, 20)).toBe(error.rawMessage.slice(0, 20));
});

it('a message is cut between characters', () => {
  const { details } = formatStatus(resourceExhausted('FULL', `x${'名'.repeat(1000)}`));
  expect(details).toMatch(/^x名+…$/);
});

it('details that cannot be read cost only the details', () => {
  const status = formatStatus(notFound('x'));
  status.metadata.set('grpc-status-details-bin', Buffer.from([0xff]));
  expect(parseStatus(status)).toMatchObject({ code: Code.NotFound, details: [] });
});
