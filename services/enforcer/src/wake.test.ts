import { expect, it } from 'vitest';
import { Wake } from './wake.js';

const never = new AbortController().signal;
const asleep = async (sleep: Promise<void>) =>
  Promise.race([sleep.then(() => 'awake'), new Promise((resolve) => setTimeout(resolve, 5, 'asleep'))]);

it('sleeps until it is woken', async () => {
  const wake = new Wake();
  const sleep = wake.sleep(10_000, never);
  expect(await asleep(sleep)).toBe('asleep');
  wake.wake();
  expect(await asleep(sleep)).toBe('awake');
});

it('does not miss what woke it before it slept, and sleeps again afterwards', async () => {
  const wake = new Wake();
  wake.wake();
  expect(await asleep(wake.sleep(10_000, never))).toBe('awake');
  const sleep = wake.sleep(10_000, never);
  expect(await asleep(sleep)).toBe('asleep');
  wake.wake();
  await sleep;
});

it('wakes when it is told to end, and when its time has come', async () => {
  const stop = new AbortController();
  const sleep = new Wake().sleep(10_000, stop.signal);
  stop.abort();
  expect(await asleep(sleep)).toBe('awake');
  expect(await asleep(new Wake().sleep(1, never))).toBe('awake');
});
