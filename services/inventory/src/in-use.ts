import type { ConnectError } from '@connectrpc/connect';
import { blockedBy, maxListed } from '@portcullis/resource';

/** FAILED_PRECONDITION because others use a resource. `users` may be cut after one more than `maxListed`. */
export function inUse(
  resource: string,
  users: readonly { readonly name: string }[],
  { reason, why }: { reason: string; why: string },
): ConnectError {
  const count = users.length > maxListed ? `more than ${maxListed}` : String(users.length);
  const subjects = users.map(({ name }) => name);
  return blockedBy(subjects, { reason, why, message: `${resource} is in use by ${count}: ${why}` });
}
