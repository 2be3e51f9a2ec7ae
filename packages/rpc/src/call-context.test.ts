import { createHandlerContext } from '@connectrpc/connect';
import { healthV1 } from '@portcullis/api';
import { expect, it } from 'vitest';
import { CallContext } from './call-context.js';

const method = healthV1.Health.method.check;
const init = { service: healthV1.Health, method, protocolName: 'grpc', requestMethod: 'POST', url: 'http://h/' };
const anyCall = () => new CallContext({ ...init, expiresAt: undefined, readHeader: () => new Headers({ a: 'b' }) });

it('a signal that is asked for before or after the abort is aborted for the first reason', () => {
  const [early, late] = [anyCall(), anyCall()];
  const { signal } = early;
  expect(signal.aborted).toBe(false);
  for (const context of [early, late]) {
    context.abort('first');
    context.abort('second');
  }
  expect(signal.reason).toBe('first');
  expect(late.signal.reason).toBe('first');
  expect(late.signal).toBe(late.signal);
});

it('listeners hear of the abort once, unless they have stopped', () => {
  const context = anyCall();
  const heard: string[] = [];
  context.onAbort(() => heard.push('a'));
  context.onAbort(() => heard.push('b'))();
  context.abort('now');
  context.abort('again');
  expect(heard).toEqual(['a']);
});

it('headers that nobody asked for are not there', () => {
  const context = anyCall();
  expect(context.answered).toEqual({ header: undefined, trailer: undefined });
  context.responseTrailer.set('x', 'y');
  expect(context.answered.trailer?.get('x')).toBe('y');
  expect(context.requestHeader.get('a')).toBe('b');
});

it('a call of another transport aborts with its own context, and answers into its headers', () => {
  const own = createHandlerContext({ ...init, timeoutMs: 60_000 });
  const context = CallContext.of(own);
  context.responseHeader.set('x', 'y');
  expect(own.responseHeader.get('x')).toBe('y');
  expect(context.timeoutMs()).toBeGreaterThan(50_000);
  own.abort('left');
  expect(context.signal.reason).toBe('left');
  expect(CallContext.of(context)).toBe(context);
});
