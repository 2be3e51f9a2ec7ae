import { abortable } from '../abortable-context.js';
import { unavailable } from '../errors.js';
import { answersMany, type Interceptor } from '../interceptor.js';

/** Ends streams with UNAVAILABLE as soon as the server closes, so that their callers go elsewhere. Other calls may finish. */
export function shutdown(closing: AbortSignal): Interceptor {
  return (callContext) => {
    if (!answersMany(callContext.method)) return { context: callContext, end: (thrown) => thrown };
    const { context, abort, release } = abortable(callContext);
    const onClosing = () => abort(unavailable('SERVER_CLOSING', 'the server is closing; call again'));
    if (closing.aborted) onClosing();
    else closing.addEventListener('abort', onClosing);
    return {
      context,
      end(thrown) {
        closing.removeEventListener('abort', onClosing);
        release();
        return thrown;
      },
    };
  };
}
