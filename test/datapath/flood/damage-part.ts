import { setTimeout as sleep } from 'node:timers/promises';
import { floodNow } from '@portcullis/testing';
import { addForeignRules, foreignPart } from '../../../services/enforcer/src/fixtures/kernel-lab.js';
import { applyChange, randomChanges } from '../../conformance/random-change.js';
import type { PartOptions } from './change-part.js';
import { damages, readLines } from './damage.js';
import { DamageWindow } from './damage-window.js';
import { driftIntervalMs, type FloodedHost } from './flooded-host.js';

export interface DamageResult {
  readonly windows: readonly { readonly name: string; readonly lengthMs: number; readonly wrongCount: number }[];
  /** Damages after which what belongs to others was not as they had left it. */
  readonly foreignChanged: readonly string[];
}

/** A look, the longest pause of a repair in a fight (docs/dataplane.md), and room for a slow machine. */
export const longestWindowMs = 4 * driftIntervalMs + 2000;
/** After so long the next damage is not a fight. */
const calmMs = 6 * driftIntervalMs + 100;

/**
 * Damages the kernel behind the enforcer's back, in each way, between changes. `count` is how often each way. With `isFight` one
 * damage follows the other, and repairs wait ever longer.
 */
export async function damageKernel(
  host: FloodedHost,
  { count, seed, isFight, onProgress, signal }: PartOptions & { isFight: boolean },
): Promise<DamageResult> {
  const { kernel, backend } = host;
  await addForeignRules(kernel, backend);
  const changes = randomChanges(count * damages.length * 20, seed + 2).values();
  const made: { name: string; window: DamageWindow }[] = [];
  const foreignChanged: string[] = [];
  for (let i = 0; i < count * damages.length; i += 1) {
    const damage = damages[i % damages.length];
    if (damage === undefined) continue;
    let command: string | undefined;
    // Until the kernel holds something that this can damage.
    for (const change of changes) {
      signal?.throwIfAborted();
      await host.acknowledged(host.say(applyChange(host.cloud, change)));
      command = damage.commandIn(await readLines(kernel, backend));
      if (command !== undefined) break;
    }
    if (command === undefined) throw new Error(`no state in which ${damage.name} does anything`);
    const reports = host.driftReports;
    const window = new DamageWindow(floodNow());
    host.referee.excuse(window);
    await kernel.run('sh', '-c', command);
    const foreign = await foreignPart(kernel, backend);
    await host.driftReported(reports + 1);
    // The frames that are on their way when the report comes in were sent before it.
    window.end(floodNow());
    made.push({ name: damage.name, window });
    if ((await foreignPart(kernel, backend)) !== foreign) foreignChanged.push(damage.name);
    await sleep(isFight ? 50 : calmMs);
    onProgress(i + 1);
  }
  await host.settle();
  const windows = made.map(({ name, window: { lengthMs, wrongCount } }) => ({ name, lengthMs, wrongCount }));
  return { windows, foreignChanged };
}
