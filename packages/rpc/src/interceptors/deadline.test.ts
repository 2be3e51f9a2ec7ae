import { Code, createHandlerContext } from '@connectrpc/connect';
import { healthV1 } from '@portcullis/api';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CallContext } from '../call-context.js';
import { deadline } from './deadline.js';

const { check, watch } = healthV1.Health.method;

function contextOf(method: typeof check | typeof watch, timeoutMs?: number) {
  const init = { service: healthV1.Health, method, protocolName: 'grpc', requestMethod: 'POST', url: 'http://h/' };
  return CallContext.of(createHandlerContext(timeoutMs === undefined ? init : { ...init, timeoutMs }));
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('a call without a deadline gets one', () => {
  const context = contextOf(check);
  deadline(1000)(context);
  vi.advanceTimersByTime(999);
  expect(context.timeoutMs()).toBe(1);
  expect(context.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(context.signal.reason).toMatchObject({ code: Code.DeadlineExceeded });
});

it('a call that has ended leaves no timer', () => {
  const end = deadline(1000)(contextOf(check));
  expect(vi.getTimerCount()).toBe(1);
  expect(end('thrown')).toBe('thrown');
  expect(vi.getTimerCount()).toBe(0);
});

it('a deadline that the caller named stays', () => {
  const context = contextOf(check, 5000);
  deadline(1000)(context);
  expect(context.timeoutMs()).toBe(5000);
  vi.advanceTimersByTime(1001);
  expect(context.aborted).toBe(false);
});

it('a stream without a deadline gets none', () => {
  const context = contextOf(watch);
  deadline(1000)(context);
  expect(context.timeoutMs()).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
});
