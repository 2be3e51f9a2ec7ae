import { Code, createHandlerContext } from '@connectrpc/connect';
import { healthV1 } from '@portcullis/api';
import { expect, it } from 'vitest';
import { CallContext } from '../call-context.js';
import { shutdown } from './shutdown.js';

const { check, watch } = healthV1.Health.method;

function contextOf(method: typeof check | typeof watch) {
  const init = { service: healthV1.Health, method, protocolName: 'grpc', requestMethod: 'POST', url: 'http://h/' };
  return CallContext.of(createHandlerContext(init));
}

it('a stream aborts with UNAVAILABLE when the server closes', () => {
  const closing = new AbortController();
  const context = contextOf(watch);
  shutdown(closing.signal)(context);
  expect(context.signal.aborted).toBe(false);
  closing.abort();
  expect(context.signal.reason).toMatchObject({ code: Code.Unavailable });
});

it('a stream that begins when the server is closing aborts at once', () => {
  const context = contextOf(watch);
  shutdown(AbortSignal.abort())(context);
  expect(context.signal.reason).toMatchObject({ code: Code.Unavailable });
});

it('a stream that has ended is forgotten', () => {
  const closing = new AbortController();
  const context = contextOf(watch);
  shutdown(closing.signal)(context)(undefined);
  closing.abort();
  expect(context.signal.aborted).toBe(false);
});

it('a call that answers once goes on', () => {
  const context = contextOf(check);
  shutdown(AbortSignal.abort())(context);
  expect(context.aborted).toBe(false);
});

it('many streams at once are no leak', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const closing = new AbortController();
  const intercept = shutdown(closing.signal);
  const contexts = Array.from({ length: 100 }, () => contextOf(watch));
  for (const context of contexts) intercept(context);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
  closing.abort();
  expect(contexts.every(({ signal }) => signal.aborted)).toBe(true);
});
