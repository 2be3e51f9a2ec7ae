import { healthV1 } from '@portcullis/api';
import { expect, it } from 'vitest';
import { CallContext } from './call-context.js';
import { raceAbort } from './race-abort.js';

function anyCall(): CallContext {
  const { Health: service } = healthV1;
  const call = { service, method: service.method.check, protocolName: 'grpc', requestMethod: 'POST', url: 'http://h/' };
  return new CallContext({ ...call, expiresAt: undefined, readHeader: () => new Headers() });
}

it('what is won in time is the result', async () => {
  const { race } = raceAbort(anyCall());
  expect(await race(Promise.resolve(1))).toBe(1);
  await expect(race(Promise.reject(new Error('own')))).rejects.toThrow('own');
});

it('the abort ends the wait in hand, and each later one', async () => {
  const context = anyCall();
  const { race } = raceAbort(context);
  expect(await race(Promise.resolve(1))).toBe(1);
  const waiting = race(new Promise(() => undefined));
  context.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(race(new Promise(() => undefined))).rejects.toThrow('enough');
});

it('an abort after the release ends nothing', async () => {
  const context = anyCall();
  const { race, release } = raceAbort(context);
  const waiting = race(new Promise((resolve) => setImmediate(() => resolve('done'))));
  release();
  context.abort(new Error('enough'));
  expect(await waiting).toBe('done');
});
