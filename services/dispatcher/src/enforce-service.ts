import { create } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { dispatchV1, enforceV1 } from '@portcullis/api';
import { notFound, unavailable } from '@portcullis/rpc';
import type { Broadcast } from './broadcast.js';
import type { DispatchState } from './dispatch-state.js';
import type { HostRecord } from './host-record.js';
import { hostStatus } from './status.js';
import { answerSync, decodeGeneration } from './sync.js';

export interface Dispatch {
  readonly state: DispatchState;
  readonly events: Broadcast<dispatchV1.WatchStatusResponse>;
  readonly now: () => Date;
}

/** What enforcers call. */
export function enforceService({ state, events, now }: Dispatch): ServiceImpl<typeof enforceV1.EnforceService> {
  return {
    async *sync({ host, cursor }) {
      const record = heard(state, host, now());
      yield* answerSync(state, record, cursor);
    },

    async report(request) {
      const record = heard(state, request.host, now());
      record.conditions = request.conditions;
      record.backend = request.backend;
      record.version = request.version;
      for (const report of request.reports) {
        takeIn(record, report);
        events.publish(statusEvent(record.name, { case: 'report', value: report }));
      }
      if (request.reports.length > 0) {
        events.publish(statusEvent(record.name, { case: 'status', value: hostStatus(state, record, now()) }));
      }
      state.changed.notify();
      return create(enforceV1.ReportResponseSchema);
    },
  };
}

/** A host is told nothing before everything is known, and nothing if it is not registered: it keeps what it has (E1). */
function heard(state: DispatchState, host: string, at: Date): HostRecord {
  if (!state.ready)
    throw unavailable('DISPATCHER_NOT_READY', 'the dispatcher has not heard policy and inventory completely yet');
  const record = state.record(host);
  if (record === undefined) throw notFound(host);
  record.lastHeardAt = at;
  return record;
}

function takeIn(record: HostRecord, report: enforceV1.HostReport): void {
  switch (report.outcome) {
    case enforceV1.Outcome.APPLIED:
      record.failures = [];
      if (report.generation) record.acknowledge(decodeGeneration(report.generation));
      return;
    case enforceV1.Outcome.FAILED:
      record.failures = report.failures;
      return;
    case enforceV1.Outcome.UNSPECIFIED:
      return;
  }
}

function statusEvent(
  host: string,
  event: Exclude<dispatchV1.WatchStatusResponse['event'], { case: undefined }>,
): dispatchV1.WatchStatusResponse {
  return create(dispatchV1.WatchStatusResponseSchema, { host, event });
}
