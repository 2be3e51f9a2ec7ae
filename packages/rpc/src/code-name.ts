import { ConnectError } from '@connectrpc/connect';
import { status } from '@grpc/grpc-js';

/** The canonical name of how a call ended: `OK` for undefined, `NOT_FOUND` and so on for an error. */
export function codeName(thrown: unknown): string {
  if (thrown === undefined) return 'OK';
  return status[ConnectError.from(thrown).code] ?? 'UNKNOWN';
}
