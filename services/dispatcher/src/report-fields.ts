import type { Timestamp } from '@bufbuild/protobuf/wkt';
import type { enforceV1 } from '@portcullis/api';
import { type FieldViolation, invalidArgument } from '@portcullis/rpc';

/** The first second of the year 1, and the last of the year 9999 (google.protobuf.Timestamp). */
const minSeconds = -62_135_596_800n;
const maxSeconds = 253_402_300_799n;

/** Violations in one error, of which fewer arrive. */
const maxTold = 100;

/** What a host says goes on to others: no host may say what cannot be told. Throws INVALID_ARGUMENT. */
export function checkReport({ hitsCountedSince, ruleHits }: enforceV1.ReportRequest): void {
  const violations: FieldViolation[] = [];
  const checkTime = (field: string, time: Timestamp | undefined) => {
    if (time === undefined || (time.seconds >= minSeconds && time.seconds <= maxSeconds)) return;
    const description = `${time.seconds} s is not a time in the years 1-9999`;
    violations.push({ field, reason: 'TIMESTAMP_MALFORMED', description });
  };
  checkTime('hits_counted_since', hitsCountedSince);
  for (const [i, { packets, bytes, lastHitTime }] of ruleHits.entries()) {
    const field = `rule_hits[${i}]`;
    checkTime(`${field}.last_hit_time`, lastHitTime);
    for (const [name, count] of Object.entries({ packets, bytes })) {
      if (count >= 0n) continue;
      violations.push({ field: `${field}.${name}`, reason: 'OUT_OF_RANGE', description: `${count} is below 0` });
    }
    if (violations.length >= maxTold) break;
  }
  if (violations.length > 0) throw invalidArgument(violations);
}
