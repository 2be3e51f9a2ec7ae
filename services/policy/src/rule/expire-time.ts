import { type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';
import type { Violations } from '@portcullis/store/resource';

/** The first second of the year 1, and the last of the year 9999 (google.protobuf.Timestamp). */
const minSeconds = -62_135_596_800n;
const maxSeconds = 253_402_300_799n;

/** A time that is still to come, if any. */
export function checkExpireTime(violations: Violations, field: string, time: Timestamp | undefined, now: Date): void {
  if (time === undefined) return;
  const isInRange = time.seconds >= minSeconds && time.seconds <= maxSeconds;
  if (!isInRange || time.nanos < 0 || time.nanos > 999_999_999) {
    violations.add(field, 'TIMESTAMP_MALFORMED', 'is not a time in the years 1-9999');
  } else if (expiryOf(time) <= now.getTime()) {
    violations.add(field, 'EXPIRE_TIME_PAST', `${timestampDate(time).toISOString()} is not after ${now.toISOString()}`);
  }
}

/** In milliseconds since 1970. */
export function expiryOf(time: Timestamp): number {
  return timestampDate(time).getTime();
}
