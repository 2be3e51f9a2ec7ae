import { setTimeout as sleep } from 'node:timers/promises';
import { applyChange, type Change, randomChanges } from '../../conformance/random-change.js';
import { randomness } from '../../conformance/randomness.js';
import type { PartOptions } from './change-part.js';
import type { FloodedHost } from './flooded-host.js';

/** Longest a change takes on an idle machine, a little more than that. */
const longestPauseMs = 40;
/** Most changes around one kill. */
const mostChanges = 4;

/** Kills the enforcer at random moments during changes, and starts it again; some changes are said while it is dead. */
export async function killEnforcer(host: FloodedHost, { count, seed, onProgress, signal }: PartOptions): Promise<void> {
  const random = randomness(seed + 1);
  const changes = randomChanges(count * mostChanges, seed + 1).values();
  const change = () => host.say(applyChange(host.cloud, changes.next().value as Change));
  for (let i = 0; i < count; i += 1) {
    signal?.throwIfAborted();
    change();
    if (random() < 0.3) {
      await sleep(random() * longestPauseMs);
      change();
    }
    await sleep(random() * longestPauseMs);
    await host.enforcer.stop('SIGKILL');
    if (random() < 0.5) change();
    await host.startEnforcer();
    if (random() < 0.3) change();
    await host.acknowledged(host.timeline.length);
    onProgress(i + 1);
  }
}
