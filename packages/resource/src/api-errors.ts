import { Code, ConnectError } from '@connectrpc/connect';
import { errorDetails } from '@portcullis/api';
import { alreadyExists, failedPrecondition, invalidArgument, notFound, unavailable } from '@portcullis/rpc';
import { ClaimTaken, StoreUnavailable } from '@portcullis/store';
import { Violations } from '@portcullis/store/resource';
import { RequestFailed } from './batch/request-failed.js';

/** Errors travel in trailers, of which some clients accept 8 KB: names an error lists, and characters of all of them. */
export const maxListed = 32;
const maxListedLength = 2000;

/** Bytes of a `PreconditionFailure`: with the `ErrorInfo` beside it, it must not exceed what `formatStatus` leaves to details. */
const maxObstaclesLength = 2800;

/** Of one violation: four tags, four lengths. */
const framingBytes = 8;

/** Throws INVALID_ARGUMENT when anything is wrong. */
export function refuse(violations: Violations): void {
  if (violations.any) throw invalidArgument(violations.list);
}

/** What `read` reads when it finds nothing wrong. Throws INVALID_ARGUMENT. */
export function checked<Value>(read: (violations: Violations) => Value): Value {
  const violations = new Violations();
  const value = read(violations);
  refuse(violations);
  return value;
}

/** NOT_FOUND that names each resource. `names` holds at least one; `why` goes on after the names. */
export function noneFound(names: readonly string[], why = 'not found'): ConnectError {
  const listed = fitting(names);
  const more = names.length > listed.length ? ` and ${names.length - listed.length} more` : '';
  const error = new ConnectError(`${listed.join(', ')}${more}: ${why}`, Code.NotFound);
  const [errorInfo] = notFound(listed[0] ?? '').details;
  const resources = listed.map((resourceName) => ({
    desc: errorDetails.ResourceInfoSchema,
    value: { resourceName, description: why },
  }));
  error.details = errorInfo ? [errorInfo, ...resources] : resources;
  return error;
}

/** FAILED_PRECONDITION; lists what stands in the way, as much of it as fits. */
export function blockedBy(
  subjects: readonly string[],
  { reason, message, why }: { reason: string; message: string; why: string },
): ConnectError {
  const each = reason.length + why.length + framingBytes;
  const listed = fitting(subjects, { room: maxObstaclesLength, each }).map((subject) => ({
    subject,
    description: why,
  }));
  const more = subjects.length > listed.length ? ` (the first ${listed.length} are listed)` : '';
  return failedPrecondition(reason, `${message}${more}`, listed);
}

export interface StoreWords {
  /** Whose database it is. */
  readonly service: string;
  /** What a claim that is taken means. */
  readonly claimed: (taken: ClaimTaken) => string;
}

/** What an error of the store is to a caller; others stay what they are. */
export function fromStore({ service, claimed }: StoreWords): (error: unknown) => unknown {
  const translate = (error: unknown): unknown => {
    if (error instanceof RequestFailed) return error.named(translate(error.cause));
    if (error instanceof StoreUnavailable) {
      return unavailable('STORE_UNAVAILABLE', `the database of ${service} cannot be reached`);
    }
    return error instanceof ClaimTaken ? alreadyExists(error.holder.name, claimed(error)) : error;
  };
  return translate;
}

function fitting(names: readonly string[], { room = maxListedLength, each = 0 } = {}): string[] {
  let length = 0;
  return names.slice(0, maxListed).filter((name, i) => {
    length += name.length + each;
    return i === 0 || length <= room;
  });
}
