import { expect, it } from 'vitest';
import { Schedule } from './schedule.js';

it('gives what is due, in the order of importance and each once', () => {
  const schedule = new Schedule<'first' | 'second' | 'third'>(['first', 'second', 'third']);
  schedule.set('third', 5);
  schedule.set('second', 10);
  schedule.set('first', 11);
  expect([schedule.take(10), schedule.take(10), schedule.take(10)]).toEqual(['second', 'third', undefined]);
  expect(schedule.pauseMs(10, 100)).toBe(1);
  expect(schedule.take(11)).toBe('first');
  expect(schedule.pauseMs(11, 100)).toBe(100);
});

it('advances a job to an earlier time only, and sets it to any', () => {
  const schedule = new Schedule<'job'>(['job']);
  schedule.advance('job', 20);
  schedule.advance('job', 30);
  expect(schedule.pauseMs(0, 100)).toBe(20);
  schedule.set('job', 40);
  expect(schedule.pauseMs(0, 100)).toBe(40);
  schedule.set('job', undefined);
  expect(schedule.pauseMs(0, 100)).toBe(100);
});
