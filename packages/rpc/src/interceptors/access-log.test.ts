import { createHandlerContext } from '@connectrpc/connect';
import { healthV1 } from '@portcullis/api';
import { createLogger, type LogLevel } from '@portcullis/runtime';
import { expect, it } from 'vitest';
import { CallContext } from '../call-context.js';
import { notFound } from '../errors.js';
import { accessLog } from './access-log.js';

const method = healthV1.Health.method.check;
const init = { service: healthV1.Health, method, protocolName: 'connect', requestMethod: 'POST', url: 'http://h/' };

function linesOf(level: LogLevel, thrown: unknown) {
  const lines: unknown[] = [];
  const log = createLogger('test', { level, destination: { write: (line) => lines.push(JSON.parse(line)) } });
  const context = CallContext.of(createHandlerContext(init));
  expect(accessLog(log)(context)(thrown)).toBe(thrown);
  return lines;
}

it('a call is one line, with how it ended', () => {
  const call = {
    service: 'grpc.health.v1.Health',
    method: 'Check',
    protocol: 'connect',
    durationMs: expect.any(Number),
  };
  expect(linesOf('debug', undefined)).toMatchObject([{ ...call, code: 'OK' }]);
  expect(linesOf('debug', notFound('x'))).toMatchObject([{ ...call, code: 'NOT_FOUND' }]);
});

it('nothing is said above level debug', () => {
  expect(linesOf('info', undefined)).toEqual([]);
});
