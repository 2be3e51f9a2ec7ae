import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import { CallContext } from './call-context.js';
import { raceAbort } from './race-abort.js';
import type { Registration } from './registration.js';

/** Called once, when a call has ended, with what was thrown (undefined: it succeeded); answers what goes on instead. */
type End = (thrown: unknown) => unknown;

/**
 * One concern that surrounds every call, on every transport. Called when a call begins; aborting its context ends it, and
 * keeps it from its handler when that is done at once. `request` is a stream of them where callers send many.
 */
export type Interceptor = (context: CallContext, request?: unknown) => End;

/** The end of a call that is none of an interceptor's concern. */
export const passOn: End = (thrown) => thrown;

type AnswersOnce = (request: unknown, context: HandlerContext) => unknown;
type AnswersMany = (request: unknown, context: HandlerContext) => AsyncIterable<unknown>;

/** Wraps every handler once, so that all transports share the interceptors. The first is the outermost. */
export function intercept({ service, handlers }: Registration, interceptors: readonly Interceptor[]): Registration {
  const wrapped: Record<string, unknown> = {};
  for (const method of service.methods) {
    const handler = (handlers as Record<string, unknown>)[method.localName];
    if (typeof handler !== 'function') throw new TypeError(`${service.typeName} has no handler for ${method.name}`);
    const bound = handler.bind(handlers);
    wrapped[method.localName] = answersMany(method)
      ? answerMany(bound as AnswersMany, interceptors)
      : answerOnce(bound as AnswersOnce, interceptors);
  }
  return { service, handlers: wrapped as ServiceImpl<DescService> };
}

export function answersMany({ methodKind }: DescMethod): boolean {
  return methodKind === 'server_streaming' || methodKind === 'bidi_streaming';
}

function answerOnce(handler: AnswersOnce, interceptors: readonly Interceptor[]) {
  return async (request: unknown, callContext: HandlerContext): Promise<unknown> => {
    const context = CallContext.of(callContext);
    const end = begin(interceptors, context, request);
    const abort = raceAbort(context);
    try {
      if (context.aborted) throw context.reason;
      const answer = await abort.race(Promise.resolve(handler(request, context)));
      end(undefined);
      return answer;
    } catch (error) {
      throw end(error);
    } finally {
      abort.release();
    }
  };
}

function answerMany(handler: AnswersMany, interceptors: readonly Interceptor[]) {
  return async function* (request: unknown, callContext: HandlerContext): AsyncGenerator<unknown> {
    const context = CallContext.of(callContext);
    const end = begin(interceptors, context, request);
    const abort = raceAbort(context);
    let answers: AsyncIterator<unknown> | undefined;
    let ended = false;
    try {
      if (context.aborted) throw context.reason;
      answers = handler(request, context)[Symbol.asyncIterator]();
      for (;;) {
        const answer = await abort.race(answers.next());
        if (answer.done === true) break;
        yield answer.value;
      }
      // A handler that stops because it was told to has not said everything.
      if (context.aborted) throw context.reason;
      ended = true;
      end(undefined);
    } catch (error) {
      ended = true;
      stop(answers);
      throw end(error);
    } finally {
      abort.release();
      if (!ended) {
        stop(answers);
        end(context.reason ?? new ConnectError('the reader has left', Code.Canceled));
      }
    }
  };
}

/** Lets a handler run its `finally`, without waiting for one that does not listen. */
function stop(answers: AsyncIterator<unknown> | undefined): void {
  answers?.return?.().catch(() => undefined);
}

function begin(interceptors: readonly Interceptor[], context: CallContext, request: unknown): End {
  const ends = interceptors.map((interceptor) => interceptor(context, request));
  return (thrown) => ends.reduceRight((error, end) => end(error), thrown);
}
