import { Code, ConnectError } from '@connectrpc/connect';
import { alreadyExists, failedPrecondition, invalidArgument, notFound, unavailable } from '@portcullis/rpc';
import { ClaimTaken, StoreUnavailable } from '@portcullis/store';
import type { Violations } from '@portcullis/store/resource';

/** More would not fit the trailers in which errors travel. */
export const maxListed = 32;

/** Throws INVALID_ARGUMENT when anything is wrong. */
export function refuse(violations: Violations): void {
  if (violations.any) throw invalidArgument(violations.list);
}

/** NOT_FOUND that names each resource. `names` holds at least one; `why` goes on after the names. */
export function noneFound(names: readonly string[], why = 'not found'): ConnectError {
  const listed = names.slice(0, maxListed);
  const more = names.length > listed.length ? ` and ${names.length - listed.length} more` : '';
  const result = new ConnectError(`${listed.join(', ')}${more}: ${why}`, Code.NotFound);
  // One ErrorInfo, then the ResourceInfo of each.
  result.details = listed.map(notFound).flatMap(({ details }, i) => (i === 0 ? details : details.slice(1)));
  return result;
}

/** FAILED_PRECONDITION; lists what stands in the way, `maxListed` at most. */
export function blockedBy(
  subjects: readonly string[],
  { reason, message, why }: { reason: string; message: string; why: string },
): ConnectError {
  const listed = subjects.slice(0, maxListed).map((subject) => ({ subject, description: why }));
  const more = subjects.length > listed.length ? ` (${listed.length} of ${subjects.length} are listed)` : '';
  return failedPrecondition(reason, `${message}${more}`, listed);
}

/** What an error of the store is to a caller; others stay what they are. */
export function fromStore(error: unknown): unknown {
  if (error instanceof StoreUnavailable) {
    return unavailable('STORE_UNAVAILABLE', 'the database of policy cannot be reached');
  }
  if (error instanceof ClaimTaken) return alreadyExists(error.holder.name, `${error.holder.name} is the same rule`);
  return error;
}
