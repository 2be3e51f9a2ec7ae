import { Code, createHandlerContext } from '@connectrpc/connect';
import { healthV1 } from '@portcullis/api';
import { expect, it } from 'vitest';
import { shutdown } from './shutdown.js';

const { check, watch } = healthV1.Health.method;

function contextOf(method: typeof check | typeof watch) {
  return createHandlerContext({
    service: healthV1.Health,
    method,
    protocolName: 'grpc',
    requestMethod: 'POST',
    url: 'http://h/',
  });
}

it('a stream aborts with UNAVAILABLE when the server closes', () => {
  const closing = new AbortController();
  const { context } = shutdown(closing.signal)(contextOf(watch));
  expect(context.signal.aborted).toBe(false);
  closing.abort();
  expect(context.signal.reason).toMatchObject({ code: Code.Unavailable });
});

it('a stream that begins when the server is closing aborts at once', () => {
  const { context } = shutdown(AbortSignal.abort())(contextOf(watch));
  expect(context.signal.reason).toMatchObject({ code: Code.Unavailable });
});

it('a stream that has ended is forgotten', () => {
  const closing = new AbortController();
  const { context, end } = shutdown(closing.signal)(contextOf(watch));
  end(undefined);
  closing.abort();
  expect(context.signal.aborted).toBe(false);
});

it('a call that answers once goes on', () => {
  const outer = contextOf(check);
  expect(shutdown(AbortSignal.abort())(outer).context).toBe(outer);
});

it('many streams at once are no leak', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const closing = new AbortController();
  const intercept = shutdown(closing.signal);
  const contexts = Array.from({ length: 100 }, () => intercept(contextOf(watch)).context);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
  closing.abort();
  expect(contexts.every(({ signal }) => signal.aborted)).toBe(true);
});
