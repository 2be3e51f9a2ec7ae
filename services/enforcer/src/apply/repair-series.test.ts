import { describe, expect, it } from 'vitest';
import { RepairSeries } from './repair-series.js';

const writer = (program: string, pid = 1) => ({ program, pid });

describe('a series of repairs', () => {
  it('is nothing to tell of before the third', () => {
    const series = new RepairSeries(10_000);
    for (const now of [0, 1000]) series.add(now, [writer('nft')]);
    expect(series.complaint(1000)).toBeUndefined();
    expect(series.nextRepairAt).toBeLessThan(1000);
    series.add(2000, [writer('nft')]);
    expect(series.complaint(2000)).toMatch(/^nft keeps changing/);
  });

  it('waits twice as long after each, and thirty seconds at most', () => {
    const series = new RepairSeries(10_000);
    const pauses: number[] = [];
    for (let now = 0, i = 0; i < 10; i += 1) {
      series.add(now, []);
      now = Math.max(series.nextRepairAt, now);
      pauses.push(now);
    }
    const between = pauses.slice(1).map((at, i) => at - (pauses[i] ?? 0));
    expect(between).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('ends after a minute of calm, and begins anew', () => {
    const series = new RepairSeries(10_000);
    for (const now of [0, 1, 2]) series.add(now, [writer('nft')]);
    expect(series.complaint(60_001)).toBeDefined();
    expect(series.complaint(60_002)).toBeUndefined();
    series.add(70_000, [writer('other')]);
    expect(series.complaint(70_000)).toBeUndefined();
    for (const now of [70_001, 70_002]) series.add(now, []);
    expect(series.complaint(70_002)).toMatch(/^other keeps/);
  });

  it('names each program once, five at most, and none where the kernel does not say', () => {
    const series = new RepairSeries(10_000);
    for (const now of [0, 1, 2]) series.add(now, []);
    expect(series.complaint(2)).toMatch(/^something on this host keeps/);
    for (let i = 0; i < 9; i += 1) series.add(3, [writer('nft', i), writer(`p${i % 3}`, i)]);
    expect(series.complaint(3)).toMatch(/^nft, p0, p1, p2 keeps/);
    for (let i = 0; i < 9; i += 1) series.add(3, [writer(`q${i}`, i)]);
    expect(series.complaint(3)).toMatch(/^q4, q5, q6, q7, q8 keeps/);
  });
});
