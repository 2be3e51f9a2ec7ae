import { Code, createHandlerContext } from '@connectrpc/connect';
import { healthV1 } from '@portcullis/api';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { deadline } from './deadline.js';

const { check, watch } = healthV1.Health.method;

function contextOf(method: typeof check | typeof watch, timeoutMs?: number) {
  const init = { service: healthV1.Health, method, protocolName: 'grpc', requestMethod: 'POST', url: 'http://h/' };
  return createHandlerContext(timeoutMs === undefined ? init : { ...init, timeoutMs });
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('a call without a deadline gets one', () => {
  const { context } = deadline(1000)(contextOf(check));
  vi.advanceTimersByTime(999);
  expect(context.timeoutMs()).toBe(1);
  expect(context.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(context.signal.reason).toMatchObject({ code: Code.DeadlineExceeded });
});

it('a call that has ended leaves no timer', () => {
  const { end } = deadline(1000)(contextOf(check));
  expect(vi.getTimerCount()).toBe(1);
  expect(end('thrown')).toBe('thrown');
  expect(vi.getTimerCount()).toBe(0);
});

it('a call still aborts with its caller', () => {
  const outer = contextOf(check);
  const { context } = deadline(1000)(outer);
  outer.abort('left');
  expect(context.signal.reason).toBe('left');
});

it('a deadline that the caller named stays', () => {
  const outer = contextOf(check, 5000);
  expect(deadline(1000)(outer).context).toBe(outer);
  outer.abort();
});

it('a stream without a deadline gets none', () => {
  const outer = contextOf(watch);
  expect(deadline(1000)(outer).context).toBe(outer);
});
