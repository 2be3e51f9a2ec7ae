import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { dispatchV1 } from '@portcullis/api';
import type { DispatchState } from './dispatch-state.js';
import type { HostRecord } from './host-record.js';
import { encodeGeneration } from './sync.js';

/** A host not heard of for longer is UNKNOWN: three heartbeats. */
export const unknownAfterMs = 15_000;

/** Of a host, or of one NIC of it: what the kernel refused of another NIC is not that NIC's. */
export function conditionOf(record: HostRecord, now: Date, nic?: string): dispatchV1.HostCondition {
  if (record.lastHeardAt === undefined || now.getTime() - record.lastHeardAt.getTime() > unknownAfterMs) {
    return dispatchV1.HostCondition.UNKNOWN;
  }
  const failures = record.failures.filter((failure) => nic === undefined || failure.nic === nic || failure.nic === '');
  if (failures.length + record.conditions.length > 0) return dispatchV1.HostCondition.DEGRADED;
  const isInSync = nic === undefined ? record.inSync : !record.lags(record.desired, nic);
  return isInSync ? dispatchV1.HostCondition.IN_SYNC : dispatchV1.HostCondition.PENDING;
}

export function hostStatus(state: DispatchState, record: HostRecord, now: Date): dispatchV1.HostStatus {
  return create(dispatchV1.HostStatusSchema, {
    host: record.name,
    condition: conditionOf(record, now),
    desiredGeneration: encodeGeneration(record.desired),
    ...(record.applied === undefined ? {} : { appliedGeneration: encodeGeneration(record.applied) }),
    desiredDigest: state.digest(record.name),
    ...(record.lastHeardAt === undefined ? {} : { lastReportTime: timestampFromDate(record.lastHeardAt) }),
    conditions: [...record.conditions],
    failures: [...record.failures],
    nicCount: state.span.nicCount(record.name),
    backend: record.backend,
    version: record.version,
  });
}
