import { floodNow } from '@portcullis/testing';
import { applyChange, randomChanges } from '../../conformance/random-change.js';
import { randomness } from '../../conformance/randomness.js';
import type { FloodedHost } from './flooded-host.js';

export interface PartOptions {
  readonly count: number;
  readonly seed: number;
  readonly onProgress: (done: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Longest time from a change to its acknowledgement. */
export interface ChangeResult {
  readonly longestChangeMs: number;
}

/** Random changes, most of them one at a time, some before the one before is acknowledged. */
export async function makeChanges(
  host: FloodedHost,
  { count, seed, onProgress, signal }: PartOptions,
): Promise<ChangeResult> {
  const random = randomness(seed);
  let longestChangeMs = 0;
  for (const [i, change] of randomChanges(count, seed).entries()) {
    signal?.throwIfAborted();
    const startedAt = floodNow();
    const revision = host.say(applyChange(host.cloud, change));
    if (random() < 0.15) continue;
    await host.acknowledged(revision);
    longestChangeMs = Math.max(longestChangeMs, floodNow() - startedAt);
    onProgress(i + 1);
  }
  await host.acknowledged(host.timeline.length);
  return { longestChangeMs };
}
