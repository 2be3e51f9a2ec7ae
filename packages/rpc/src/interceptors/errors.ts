import { Code, ConnectError } from '@connectrpc/connect';
import type { Logger } from '@portcullis/runtime';
import type { CallContext } from '../call-context.js';
import { toApiError } from '../errors.js';
import type { Interceptor } from '../interceptor.js';

/**
 * Lets nothing but API errors reach the caller. Whatever else is thrown is a defect: logged with its cause, and INTERNAL to
 * the caller. An end that was asked for is none: it is told as CANCELED, DEADLINE_EXCEEDED or what else the signal says.
 */
export function errors(log: Logger): Interceptor {
  return (context) => (thrown) => {
    if (thrown === undefined) return undefined;
    if (isAbort(thrown, context)) return abortError(context.reason);
    if (thrown instanceof ConnectError) return withoutMetadata(thrown);
    const { service, method, caller } = context;
    const call = { service: service.typeName, method: method.name, caller: caller?.name };
    log.error({ err: thrown, ...call }, 'a call failed');
    return toApiError(thrown);
  };
}

function isAbort(thrown: unknown, { aborted, reason }: CallContext): boolean {
  return aborted && (thrown === reason || (thrown instanceof Error && thrown.name === 'AbortError'));
}

function abortError(reason: unknown): ConnectError {
  const isTold = reason instanceof ConnectError && reason.code !== Code.Aborted;
  return isTold ? reason : new ConnectError('the caller has left', Code.Canceled);
}

/** An error that another server sent carries that server's headers, which must not become ours. */
function withoutMetadata(error: ConnectError): ConnectError {
  if ([...error.metadata.keys()].length === 0) return error;
  const clean = new ConnectError(error.rawMessage, error.code);
  clean.details = error.details;
  return clean;
}
