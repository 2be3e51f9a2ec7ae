import type { HandlerContext } from '@connectrpc/connect';

/** A context whose signal also aborts when we say so. `release` must be called when the call has ended. */
export function abortable(outer: HandlerContext): {
  context: HandlerContext;
  abort(reason: unknown): void;
  release(): void;
} {
  const controller = new AbortController();
  const follow = () => controller.abort(outer.signal.reason);
  if (outer.signal.aborted) follow();
  else outer.signal.addEventListener('abort', follow);
  return {
    context: { ...outer, signal: controller.signal },
    abort: (reason) => controller.abort(reason),
    release: () => outer.signal.removeEventListener('abort', follow),
  };
}
