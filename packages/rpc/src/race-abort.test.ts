import { expect, it } from 'vitest';
import { raceAbort } from './race-abort.js';

it('what is won in time is the result', async () => {
  const { race } = raceAbort(new AbortController().signal);
  expect(await race(Promise.resolve(1))).toBe(1);
  await expect(race(Promise.reject(new Error('own')))).rejects.toThrow('own');
});

it('the abort ends the wait in hand, and each later one', async () => {
  const controller = new AbortController();
  const { race } = raceAbort(controller.signal);
  expect(await race(Promise.resolve(1))).toBe(1);
  const waiting = race(new Promise(() => undefined));
  controller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await expect(race(new Promise(() => undefined))).rejects.toThrow('enough');
});

it('an abort after the release ends nothing', async () => {
  const controller = new AbortController();
  const { race, release } = raceAbort(controller.signal);
  const waiting = race(new Promise((resolve) => setImmediate(() => resolve('done'))));
  release();
  controller.abort(new Error('enough'));
  expect(await waiting).toBe('done');
});
