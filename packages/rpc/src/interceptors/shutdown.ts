import { unavailable } from '../errors.js';
import { answersMany, type Interceptor, passOn } from '../interceptor.js';

/** Ends streams with UNAVAILABLE as soon as the server closes, so that their callers go elsewhere. Other calls may finish. */
export function shutdown(closing: AbortSignal): Interceptor {
  // One listener for all streams: a signal with more than ten is taken for a leak.
  const endings = new Set<() => void>();
  closing.addEventListener('abort', () => {
    for (const end of endings) end();
  });
  return (context) => {
    if (!answersMany(context.method)) return passOn;
    const onClosing = () => context.abort(unavailable('SERVER_CLOSING', 'the server is closing; call again'));
    if (closing.aborted) onClosing();
    else endings.add(onClosing);
    return (thrown) => {
      endings.delete(onClosing);
      return thrown;
    };
  };
}
