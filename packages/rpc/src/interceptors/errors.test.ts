import { Code, ConnectError, createHandlerContext } from '@connectrpc/connect';
import { healthV1 } from '@portcullis/api';
import { createLogger } from '@portcullis/runtime';
import { expect, it } from 'vitest';
import { CallContext } from '../call-context.js';
import { notFound } from '../errors.js';
import { errors } from './errors.js';

const method = healthV1.Health.method.check;
const init = { service: healthV1.Health, method, protocolName: 'grpc', requestMethod: 'POST', url: 'http://h/' };

function begin() {
  const lines: { msg: string; err: { message: string } }[] = [];
  const context = CallContext.of(createHandlerContext(init));
  const log = createLogger('test', { destination: { write: (line) => lines.push(JSON.parse(line)) } });
  const end = errors(log)(context);
  return { lines, context, end, abort: (reason?: unknown) => context.abort(reason) };
}

it('success stays success', () => {
  expect(begin().end(undefined)).toBeUndefined();
});

it('an API error stays what it is, and is not logged', () => {
  const { end, lines } = begin();
  const error = notFound('x');
  expect(end(error)).toBe(error);
  expect(lines).toEqual([]);
});

it('a defect becomes INTERNAL, and is logged with its cause', () => {
  const { end, lines } = begin();
  expect(end(new TypeError('oops'))).toMatchObject({ code: Code.Internal, rawMessage: 'internal error' });
  expect(lines).toMatchObject([{ service: 'grpc.health.v1.Health', method: 'Check', err: { message: 'oops' } }]);
});

it.each([
  ['no reason', undefined, Code.Canceled],
  ['a reset of the connection', new ConnectError('reset', Code.Aborted), Code.Canceled],
  ['a deadline', new ConnectError('late', Code.DeadlineExceeded), Code.DeadlineExceeded],
  ['the end of the server', new ConnectError('closing', Code.Unavailable), Code.Unavailable],
])('an abort for %s is no defect', (_, reason, code) => {
  const { end, lines, context, abort } = begin();
  abort(reason);
  expect(end(context.signal.reason)).toMatchObject({ code });
  expect(end(new DOMException('aborted', 'AbortError'))).toMatchObject({ code });
  expect(lines).toEqual([]);
});

it('a defect after an abort is still a defect', () => {
  const { end, lines, abort } = begin();
  abort();
  expect(end(new TypeError('oops'))).toMatchObject({ code: Code.Internal });
  expect(lines).toHaveLength(1);
});

it("another server's headers do not become ours", () => {
  const error = notFound('x');
  error.metadata.set('content-type', 'application/grpc');
  const passed = begin().end(error) as ConnectError;
  expect(passed).toMatchObject({ code: Code.NotFound, rawMessage: error.rawMessage, details: error.details });
  expect([...passed.metadata]).toEqual([]);
});
