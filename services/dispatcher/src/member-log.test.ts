import { expect, it } from 'vitest';
import { MemberLog } from './member-log.js';

const added = (address: string) => ({ added: [address], removed: [] });

it('gives the net change of a set since a number, as far as it reaches back', () => {
  const log = new MemberLog();
  log.append('g@d', added('10.0.0.1'), 5);
  log.append('g@d', { added: ['10.0.0.2'], removed: ['10.0.0.1'] }, 7);
  expect(log.since('g@d', 4)).toEqual({ added: ['10.0.0.2'], removed: ['10.0.0.1'] });
  expect(log.since('g@d', 3)).toBeUndefined();
});

it('forgets sets that have not changed for long, so that it does not grow with those that are gone', () => {
  const log = new MemberLog();
  log.append('old@d', added('10.0.0.1'), 1);
  log.append('used@d', added('10.0.0.1'), 2);
  for (let i = 0; i < 20_000; i += 1) {
    log.append(`g${i}@d`, added('10.0.0.1'), 3 + 2 * i);
    log.append('used@d', added(`10.1.${i >> 8}.${i & 255}`), 4 + 2 * i);
  }
  expect(log.since('old@d', 0)).toBeUndefined();
  expect(log.since('used@d', 39_999)?.added.length).toBe(2);
  log.append('old@d', added('10.0.0.2'), 50_000);
  expect(log.since('old@d', 1)).toBeUndefined();
  expect(log.since('old@d', 49_999)).toEqual(added('10.0.0.2'));
});
