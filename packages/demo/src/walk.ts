import { Code, ConnectError } from '@connectrpc/connect';
import { errorDetails } from '@portcullis/api';
import type { Lab, Probe, ProbeResult, Prober } from '@portcullis/testing';
import type { Statement } from './packets.js';
import type { Row, Stage } from './row.js';

/** What one row showed. */
export interface RowResult {
  readonly row: Row;
  readonly calls: readonly string[];
  /** From the last call to the acknowledgement of every concerned host; absent where nothing was changed. */
  readonly enforcedMs: number | undefined;
  readonly packetCount: number;
  /** Empty when the row holds. */
  readonly problems: readonly string[];
}

/** Walks through the rows, one after the other; a row that fails does not end the walk. */
export async function* walk(rows: readonly Row[], stage: Stage, prober: Prober): AsyncGenerator<RowResult> {
  for (const row of rows) yield await runRow(row, stage, prober);
}

async function runRow(row: Row, stage: Stage, prober: Prober): Promise<RowResult> {
  const problems = await refusalProblems(row, stage);
  const { calls, calledAt } = stage.scheduler.takeCalls();
  let enforcedMs: number | undefined;
  if (row.act !== undefined && row.refused === undefined) {
    problems.push(...(await stage.scheduler.waitForEnforcement()));
    if (calledAt !== undefined) enforcedMs = performance.now() - calledAt;
  }
  await row.afterwards?.(stage);
  await forgetConnections(stage.lab);
  const { packetCount, wrong } = await probe(row.packets, prober);
  return { row, calls, enforcedMs, packetCount, problems: [...problems, ...wrong] };
}

/** Rows are about packets that open a connection; protocols without ports have one connection per pair of VMs. */
async function forgetConnections(lab: Lab): Promise<void> {
  for (const host of lab.options.hosts) await lab.exec(lab.hostNamespace(host), 'conntrack', ['-F']);
}

async function refusalProblems(row: Row, stage: Stage): Promise<string[]> {
  try {
    await row.act?.(stage);
    return row.refused === undefined ? [] : [`the call was not refused with ${row.refused}`];
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const reasons = reasonsOf(error);
    if (row.refused !== undefined && reasons.includes(row.refused)) return [];
    return [`${Code[error.code]} ${reasons.join()}: ${error.rawMessage}`];
  }
}

function reasonsOf(error: ConnectError): string[] {
  const fields = error.findDetails(errorDetails.BadRequestSchema).flatMap((each) => each.fieldViolations);
  const infos = error.findDetails(errorDetails.ErrorInfoSchema);
  return [...infos, ...fields].map(({ reason }) => reason);
}

async function probe(
  statements: readonly Statement[],
  prober: Prober,
): Promise<{ packetCount: number; wrong: string[] }> {
  const named = new Map<Probe, string>();
  for (const { from, to, kinds, fate } of statements) {
    for (const { name, variants } of kinds) {
      for (const packet of variants) named.set({ from, to, packet, expected: fate }, `${name} IPv${packet.family}`);
    }
  }
  const results = await prober.probe([...named.keys()]);
  const isWrong = ({ probe: { expected }, fate }: ProbeResult) => fate !== expected;
  const wrong = results.filter(isWrong).map(({ probe: each, fate }) => {
    return `${each.from} → ${each.to} ${named.get(each)}: ${fate}, expected ${each.expected}`;
  });
  return { packetCount: results.length, wrong };
}
