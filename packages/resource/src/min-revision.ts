import type { DescService } from '@bufbuild/protobuf';
import type { HandlerContext } from '@connectrpc/connect';
import { failedPrecondition, unavailable } from '@portcullis/rpc';
import type { Store } from '@portcullis/store';
import type { Revisions } from './revisions.js';

/** Longest wait for a revision, in milliseconds; how long before the caller's deadline a wait ends, so that it is told why. */
const maxWaitMs = 5000;
const marginMs = 50;

interface ReadingRequest {
  readonly minRevisionToken: string;
}

type Handler = (request: ReadingRequest, context: HandlerContext) => Promise<object>;
type StreamHandler = (request: ReadingRequest, context: HandlerContext) => AsyncIterable<object>;

export interface MinRevisionOptions {
  readonly store: Store;
  readonly service: DescService;
  readonly revisions: Revisions;
}

/** The same handlers, which wait until this replica has the revision a reading asks for. */
export function awaitMinRevision<Handlers extends object>(handlers: Handlers, options: MinRevisionOptions): Handlers {
  const wrapped: Record<string, unknown> = Object.fromEntries(Object.entries(handlers));
  const ready = async ({ minRevisionToken }: ReadingRequest, context: HandlerContext) => {
    if (minRevisionToken !== '') await reach(minRevisionToken, context, options);
  };
  for (const { localName, input, methodKind } of options.service.methods) {
    if (input.field.minRevisionToken === undefined) continue;
    if (methodKind === 'server_streaming') {
      const handler = wrapped[localName] as StreamHandler;
      wrapped[localName] = async function* (request: ReadingRequest, context: HandlerContext) {
        await ready(request, context);
        yield* handler(request, context);
      };
    } else {
      const handler = wrapped[localName] as Handler;
      wrapped[localName] = async (request: ReadingRequest, context: HandlerContext) => {
        await ready(request, context);
        return handler(request, context);
      };
    }
  }
  return wrapped as Handlers;
}

async function reach(token: string, context: HandlerContext, { store, revisions }: MinRevisionOptions): Promise<void> {
  const wanted = revisions.read('min_revision_token', token);
  if (wanted === undefined) {
    const message = 'min_revision_token is of a store that is not in use any more';
    throw failedPrecondition('REVISION_OF_OTHER_STORE', message, [{ subject: token, description: 'of another store' }]);
  }
  const endsAt = performance.now() + Math.min(maxWaitMs, (context.timeoutMs() ?? maxWaitMs) - marginMs);
  while ((await store.read(async () => undefined)).revision < wanted) {
    const leftMs = endsAt - performance.now();
    if (leftMs <= 0) throw unavailable('REVISION_NOT_REACHED', 'this replica does not have the revision yet');
    context.signal.throwIfAborted();
    await nextCommit(store, leftMs, context.signal);
  }
}

/** Resolves with the next commit that is heard of, when the time is over, or when the signal aborts. */
function nextCommit(store: Store, timeoutMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      unsubscribe();
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    // Memory may follow a moment after the commit is heard of: looking again soon costs little.
    const timer = setTimeout(end, Math.min(timeoutMs, 100));
    const unsubscribe = store.onCommit(end);
    signal.addEventListener('abort', end);
  });
}
