import { create } from '@bufbuild/protobuf';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import type { ServiceImpl } from '@connectrpc/connect';
import { enforceV1 } from '@portcullis/api';
import { notFound, unavailable } from '@portcullis/rpc';
import type { Dispatch } from './dispatch.js';
import type { DispatchState } from './dispatch-state.js';
import type { HostRecord } from './host-record.js';
import { takeInHits } from './list-rule-hits.js';
import { requireName } from './names.js';
import { checkReport } from './report-fields.js';
import { answerSync, decodeGeneration } from './sync.js';

/** What enforcers call. */
export function enforceService(dispatch: Dispatch): ServiceImpl<typeof enforceV1.EnforceService> {
  const { state, feed, now } = dispatch;
  return {
    async *sync({ host, cursor }) {
      const record = heard(state, host, now());
      feed.publishCondition(record);
      yield* answerSync(state, record, cursor);
    },

    async report(request) {
      checkReport(request);
      const record = heard(state, request.host, now());
      // A heartbeat of a host that is well wakes nobody.
      const isNews = request.reports.length + record.conditions.length > 0;
      record.conditions = request.conditions;
      record.backend = request.backend;
      record.version = request.version;
      record.hitsCountedSince = request.hitsCountedSince && new Date(timestampMs(request.hitsCountedSince));
      takeInHits(dispatch, record, request);
      for (const report of request.reports) {
        takeIn(record, report);
        feed.publishReport(record, report);
      }
      feed.publishCondition(record);
      if (isNews) state.changed.notify();
      return create(enforceV1.ReportResponseSchema);
    },
  };
}

/** A host is told nothing before everything is known, and nothing if it is not registered: it keeps what it has (E1). */
function heard(state: DispatchState, host: string, at: Date): HostRecord {
  requireName('host', host, 'host');
  if (!state.ready) throw unavailable('DISPATCHER_NOT_READY', notReady);
  const record = state.record(host);
  if (record === undefined) throw notFound(host);
  record.lastHeardAt = at;
  return record;
}

export const notReady = 'the dispatcher has not heard policy and inventory completely yet';

function takeIn(record: HostRecord, report: enforceV1.HostReport): void {
  if (report.generation === undefined) return;
  const generation = decodeGeneration(report.generation);
  if (!record.wasTold(generation)) return;
  switch (report.outcome) {
    case enforceV1.Outcome.APPLIED:
      record.acknowledge(generation);
      return;
    case enforceV1.Outcome.FAILED:
      record.refuse(generation, report.failures);
      return;
    case enforceV1.Outcome.UNSPECIFIED:
      return;
  }
}
