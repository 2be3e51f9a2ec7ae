import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff.js';

describe('a backoff', () => {
  it('doubles the pause with each failure up to the longest', () => {
    const backoff = new Backoff({ firstMs: 100, longestMs: 500 });
    expect([backoff.fail(), backoff.fail(), backoff.fail(), backoff.fail()]).toEqual([100, 200, 400, 500]);
  });

  it('begins again with the first pause after a success', () => {
    const backoff = new Backoff({ firstMs: 100, longestMs: 500 });
    expect(backoff.isFailing).toBe(false);
    backoff.fail();
    expect(backoff.fail()).toBe(200);
    expect(backoff.isFailing).toBe(true);
    backoff.succeed();
    expect(backoff.isFailing).toBe(false);
    expect(backoff.fail()).toBe(100);
  });
});
