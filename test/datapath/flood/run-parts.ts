import { floodNow } from '@portcullis/testing';
import { firstCloud } from '../../conformance/random-change.js';
import { makeChanges } from './change-part.js';
import { damageKernel, longestWindowMs } from './damage-part.js';
import { type Backend, FloodedHost } from './flooded-host.js';
import { killEnforcer } from './kill-part.js';
import { allFlows } from './lanes.js';
import { changeLargeSet, largeSetCloud, largeSetFlows } from './large-set-part.js';
import type { Counts } from './referee.js';
import { describeWrong } from './wrong-row.js';

export interface DatapathOptions {
  readonly backend: Backend;
  readonly seed: number;
  readonly changes: number;
  readonly kills: number;
  /** How often each kind of damage is done. */
  readonly damages: number;
  /** One damage after the other, without calm between them. */
  readonly isFight: boolean;
  readonly largeSetChanges: number;
  readonly roundsPerSecond: number;
  readonly conversations: number;
  readonly onProgress: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What one part has shown; no problem means that it holds. */
export interface PartReport {
  readonly backend: Backend;
  readonly name: string;
  readonly figures: string;
  readonly problems: readonly string[];
}

type Work = (host: FloodedHost, onProgress: (done: number) => void) => Promise<{ figures: string; problems: string[] }>;

/** Most wrong verdicts that are printed in full; the rest is counted. */
const mostPrinted = 10;

/** All parts on one back end. The first three go on where the one before has ended, on one host. */
export async function* runDatapath(options: DatapathOptions): AsyncGenerator<PartReport> {
  const { backend, seed, signal } = options;
  const load = { backend, conversationCount: options.conversations, roundsPerSecond: options.roundsPerSecond };
  const part = (count: number, onProgress: (done: number) => void) => ({ count, seed, onProgress, signal });
  const host = await FloodedHost.start({ ...load, first: firstCloud(seed), flows: allFlows() });
  try {
    yield await judged(host, options, 'changes', async (_, onProgress) => {
      const { longestChangeMs } = await makeChanges(host, part(options.changes, onProgress));
      const problems = host.driftReports > 0 ? [`${host.driftReports} reports of drift where nobody did anything`] : [];
      return { figures: `${options.changes} changes, slowest ${longestChangeMs.toFixed()} ms`, problems };
    });
    yield await judged(host, options, 'kills', async (_, onProgress) => {
      const before = host.timeline.length;
      await killEnforcer(host, part(options.kills, onProgress));
      return { figures: `${options.kills} kills, ${host.timeline.length - before} changes`, problems: [] };
    });
    yield await judged(host, options, 'damage', async (_, onProgress) => {
      const { windows, foreignChanged } = await damageKernel(host, {
        ...part(options.damages, onProgress),
        isFight: options.isFight,
      });
      const longest = windows.toSorted((a, b) => b.lengthMs - a.lengthMs)[0] ?? { name: '', lengthMs: 0 };
      const visible = windows.filter(({ wrongCount }) => wrongCount > 0).length;
      const problems = foreignChanged.map((name) => `${name}: what belongs to others was changed`);
      const tooLong = windows.filter(({ lengthMs }) => lengthMs > longestWindowMs);
      problems.push(...tooLong.map(({ name, lengthMs }) => `${name}: wrong verdicts for ${lengthMs.toFixed()} ms`));
      if (windows.length > 0 && visible === 0) problems.push('no damage was seen by any packet');
      const figures = `${windows.length} times damaged, ${visible} of them seen by packets, longest window ${longest.lengthMs.toFixed()} ms (${longest.name})`;
      return { figures, problems };
    });
  } finally {
    await host.close();
  }
  // Far fewer lanes, so more often.
  const large = await FloodedHost.start({
    ...load,
    roundsPerSecond: 3 * options.roundsPerSecond,
    first: largeSetCloud(),
    flows: largeSetFlows(),
  });
  try {
    yield await judged(large, options, 'large set', async (_, onProgress) => {
      await changeLargeSet(large, part(options.largeSetChanges, onProgress));
      return { figures: `10000 members, ${options.largeSetChanges} changes`, problems: [] };
    });
  } finally {
    await large.close();
  }
}

/** Does the work of one part while everything is judged. */
async function judged(host: FloodedHost, options: DatapathOptions, name: string, work: Work): Promise<PartReport> {
  const { backend, seed } = options;
  const { referee, timeline } = host;
  const startedAt = floodNow();
  let shownAt = startedAt;
  referee.counts = { fresh: 0, established: 0, between: 0, lost: 0 };
  referee.wrong.length = 0;
  const { figures, problems } = await work(host, (done) => {
    if (floodNow() - shownAt < 5000) return;
    shownAt = floodNow();
    options.onProgress(`${backend} ${name}: ${done}, ${describeCounts(referee.counts)}, ${referee.wrong.length} wrong`);
  });
  await host.settle();
  const { counts } = referee;
  const seconds = (floodNow() - startedAt) / 1000;
  const total = counts.fresh + counts.established + counts.between + counts.lost;
  if (counts.fresh === 0) problems.push('no packet was judged');
  if (options.conversations > 0 && counts.established === 0) problems.push('no packet of a connection was judged');
  if (counts.lost * 20 > total)
    problems.push(`this machine lost ${counts.lost} of ${total} packets: too many to say anything`);
  for (const failure of host.failures) problems.push(`not enforced: ${failure}`);
  host.failures.clear();
  for (const wrong of referee.wrong.slice(0, mostPrinted)) problems.push(describeWrong(wrong, timeline));
  if (referee.wrong.length > mostPrinted) problems.push(`and ${referee.wrong.length - mostPrinted} more`);
  if (problems.length > 0) problems.push(`again: --backend ${backend} --seed ${seed}`);
  const rate = `${(total / seconds).toFixed()}/s`;
  const all = `${figures}; ${describeCounts(counts)} at ${rate}; ${referee.wrong.length} wrong`;
  return { backend, name, figures: all, problems };
}

function describeCounts({ fresh, established, between, lost }: Counts): string {
  return `${fresh} new and ${established} established packets judged, ${between} right either way, ${lost} lost by this machine`;
}
