import { Code, ConnectError } from '@connectrpc/connect';
import { answersMany, type Interceptor, passOn } from '../interceptor.js';

/**
 * Bounds calls whose caller named no deadline, because a caller that has forgotten one would wait, and be waited for, for
 * ever. Streams are meant to be long and stay unbounded. (A deadline that the caller named is kept by the transports.)
 */
export function deadline(defaultTimeoutMs: number): Interceptor {
  return (context) => {
    if (answersMany(context.method) || context.timeoutMs() !== undefined) return passOn;
    context.expireIn(defaultTimeoutMs);
    const timer = setTimeout(
      () => context.abort(new ConnectError('the operation timed out', Code.DeadlineExceeded)),
      defaultTimeoutMs,
    );
    return (thrown) => {
      clearTimeout(timer);
      return thrown;
    };
  };
}
