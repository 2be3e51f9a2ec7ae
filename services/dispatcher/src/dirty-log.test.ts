import { expect, it } from 'vitest';
import { DirtyLog } from './dirty-log.js';

it('names each object that changed after a number once', () => {
  const log = new DirtyLog<string>(1);
  log.mark('a', 2);
  log.mark('b', 3);
  log.mark('a', 4);
  expect(log.since(1)).toEqual(['b', 'a']);
  expect(log.since(3)).toEqual(['a']);
  expect(log.since(0)).toBeUndefined();
});

it('asks for a snapshot once more objects came and went than it remembers', () => {
  const log = new DirtyLog<string>(1);
  for (let i = 2; i < 70_000; i += 1) log.mark(`nic ${i}`, i);
  expect(log.since(1)).toBeUndefined();
  expect(log.since(69_998)).toEqual(['nic 69999']);
});
