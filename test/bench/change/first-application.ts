import type { enforceV1 } from '@portcullis/api';
import { type Result, summarize } from '../result.js';
import type { BareHost } from './bare-host.js';
import { type KernelText, readKernel, refuseDifferent } from './kernel-text.js';
import { applyMs, type ReportLog } from './report-log.js';
import type { BenchCloud, RunningEnforcer } from './start-cloud.js';

export interface FirstApplication {
  readonly cloud: BenchCloud;
  readonly backend: string;
  /** Hosts of the lab that hold nothing. */
  readonly pairs: readonly HostPair[];
  readonly reports: ReportLog;
  /** Of the state that is to be applied. */
  readonly revisionToken: string;
}

/** A host, and a bare one that is given the same. */
export interface HostPair {
  readonly name: string;
  readonly bareName: string;
  readonly bare: BareHost;
}

/**
 * All rules of a host at once, on kernels that hold none, beside bare processes that restore the same text; and what is
 * written when the enforcer starts again and finds everything as it should be. The enforcer is left running on the last host.
 */
export async function benchFirstApplication({
  cloud,
  backend,
  pairs,
  reports,
  revisionToken,
}: FirstApplication): Promise<{ results: Result[]; last: HostPair; kernel: KernelText }> {
  const last = pairs.at(-1);
  if (last === undefined) throw new RangeError('no hosts');
  const [ours, theirs]: [number[], number[]] = [[], []];
  let enforcer: RunningEnforcer | undefined;
  for (const { name, bare, bareName } of pairs) {
    await enforcer?.stop();
    const startedAt = Date.now();
    enforcer = cloud.startEnforcer(name);
    ours.push(applyMs(await reports.until(revisionToken, startedAt)));
    const kernel = await readKernel(cloud.lab, name, backend);
    theirs.push(await bare.restore(kernel));
    refuseDifferent(kernel, await readKernel(cloud.lab, bareName, backend));
  }
  await enforcer?.stop();
  const startedAt = Date.now();
  cloud.startEnforcer(last.name);
  // The diff of all rules at once came in many reports.
  const again = await reports.until(revisionToken, startedAt);
  const writes = again.reduce((sum, { diff }) => sum + changeCount(diff), 0);
  if (writes > 0) throw new Error(`${writes} lines were written though nothing had changed`);
  const kernel = await readKernel(cloud.lab, last.name, backend);
  const results: Result[] = [
    summarize('first-application', { ours, bare: theirs }),
    { name: 'reapply-writes', unit: 'lines', value: writes, n: 1 },
  ];
  return { results, last, kernel };
}

function changeCount(diff: enforceV1.KernelDiff | undefined): number {
  return diff === undefined ? 0 : diff.rules.length + diff.sets.length;
}
