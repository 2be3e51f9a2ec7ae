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

/** NOT_FOUND that names each resource. `names` holds at least one. */
export function noneFound(names: readonly string[]): ConnectError {
  const [first = '', ...others] = names.slice(0, maxListed);
  const error = notFound(first);
  if (others.length === 0) return error;
  const more = names.length > maxListed ? ` and ${names.length - maxListed} more` : '';
  const details = [error, ...others.map(notFound)].flatMap((each, i) =>
    i === 0 ? each.details : each.details.slice(1),
  );
  const result = new ConnectError(`${[first, ...others].join(', ')}${more} do not exist`, Code.NotFound);
  result.details = details;
  return result;
}

/** FAILED_PRECONDITION because of others that use a thing; lists them, `maxListed` at most. */
export function inUse(
  resource: string,
  users: readonly { readonly name: string }[],
  { reason, why }: { reason: string; why: string },
): ConnectError {
  const listed = users.slice(0, maxListed).map(({ name }) => ({ subject: name, description: why }));
  const count = users.length > maxListed ? `more than ${maxListed}` : String(users.length);
  return failedPrecondition(reason, `${resource} is in use by ${count}: ${why}`, listed);
}

/** What an error of the store is to a caller; others stay what they are. */
export function fromStore(error: unknown): unknown {
  if (error instanceof StoreUnavailable) {
    return unavailable('STORE_UNAVAILABLE', 'the database of inventory cannot be reached');
  }
  if (error instanceof ClaimTaken)
    return alreadyExists(error.holder.name, `${error.claim} belongs to ${error.holder.name}`);
  return error;
}
