import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { Client } from '@connectrpc/connect';
import { type dispatchV1, enforceV1, parseRevisionToken } from '@portcullis/api';

/**
 * What one host reported, as it comes.
 *
 * Owns: the stream of its status. Invariant: `until` gives each report once.
 */
export class ReportLog {
  #reports: enforceV1.HostReport[] = [];
  #wake: () => void = () => undefined;
  readonly #end = new AbortController();

  constructor(dispatch: Client<typeof dispatchV1.DispatchService>, host: string) {
    void this.#follow(dispatch, host);
  }

  /** The reports up to the one that acknowledges the revision of a token; `since`: those made before are thrown away. */
  async until(revisionToken: string, since = 0): Promise<enforceV1.HostReport[]> {
    for (;;) {
      this.#reports = this.#reports.filter(({ reportTime }) => reportTime && timestampMs(reportTime) >= since);
      const index = this.#reports.findIndex((report) => acknowledges(report, revisionToken));
      if (index >= 0) return this.#reports.splice(0, index + 1);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#end.abort();
  }

  async #follow(dispatch: Client<typeof dispatchV1.DispatchService>, host: string): Promise<void> {
    try {
      for await (const { event } of dispatch.watchStatus({ hosts: [host] }, { signal: this.#end.signal })) {
        if (event.case !== 'report') continue;
        this.#reports.push(event.value);
        this.#wake();
      }
    } catch (error) {
      if (!this.#end.signal.aborted) throw error;
    }
  }
}

function acknowledges({ generation, outcome }: enforceV1.HostReport, revisionToken: string): boolean {
  const token = parseRevisionToken(revisionToken);
  if (token === undefined || generation === undefined) throw new Error('a token or a generation is missing');
  if (outcome !== enforceV1.Outcome.APPLIED) return false;
  const reached = token.service === 'policy' ? generation.policyRevision : generation.inventoryRevision;
  return reached >= BigInt(token.revision);
}

/** Milliseconds inside the enforcer: from desired and observed to the acknowledgement of the kernel's tools. */
export function applyMs(reports: readonly enforceV1.HostReport[]): number {
  return reports.reduce((sum, { timings }) => sum + milliseconds(timings?.plan) + milliseconds(timings?.apply), 0);
}

/** To the microsecond; durationMs of protobuf-es rounds to milliseconds. */
function milliseconds(duration: enforceV1.Timings['plan']): number {
  return duration === undefined ? 0 : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}
