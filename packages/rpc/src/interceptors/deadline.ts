import { Code, ConnectError } from '@connectrpc/connect';
import { abortable } from '../abortable-context.js';
import { answersMany, type Interceptor } from '../interceptor.js';

/**
 * Bounds calls whose caller named no deadline, because a caller that has forgotten one would wait, and be waited for, for
 * ever. Streams are meant to be long and stay unbounded. (A deadline that the caller named is kept by the transports.)
 */
export function deadline(defaultTimeoutMs: number): Interceptor {
  return (callContext) => {
    if (answersMany(callContext.method) || callContext.timeoutMs() !== undefined) {
      return { context: callContext, end: (thrown) => thrown };
    }
    const expiresAt = Date.now() + defaultTimeoutMs;
    const { context, abort, release } = abortable(callContext);
    const timer = setTimeout(
      () => abort(new ConnectError('the operation timed out', Code.DeadlineExceeded)),
      defaultTimeoutMs,
    );
    return {
      context: { ...context, timeoutMs: () => expiresAt - Date.now() },
      end(thrown) {
        clearTimeout(timer);
        release();
        return thrown;
      },
    };
  };
}
