import type { Message } from '@bufbuild/protobuf';
import type { Logger } from '@portcullis/runtime';
import { authorize } from '../access/authorize.js';
import type { Caller } from '../access/caller.js';
import type { Callers } from '../access/callers.js';
import { ruleOf } from '../access/rules.js';
import type { CallContext } from '../call-context.js';
import { unauthenticated } from '../errors.js';
import { answersMany, type Interceptor, passOn } from '../interceptor.js';

/** All who are known, as of now. */
export interface KnownCallers {
  value(): Callers;
  /** Answers how to hear of changes no longer. */
  onChange(listener: () => void): () => void;
}

/**
 * Finds who calls and decides whether they may, before anything of the request is validated or looked up. What is open, such
 * as health, needs no caller. A stream ends when its caller may no longer begin it. Who was refused, and what, is logged; what
 * they showed is not.
 */
export function access(known: KnownCallers, { log, closing }: { log: Logger; closing: AbortSignal }): Interceptor {
  const rechecks = new Set<() => void>();
  const forget = known.onChange(() => {
    for (const recheck of rechecks) recheck();
  });
  closing.addEventListener('abort', forget);

  return (context, request) => {
    const { service, method } = context;
    if (ruleOf(method) === 'open') return passOn;
    const check = () => {
      const caller = findCaller(known.value(), context);
      context.caller ??= caller;
      try {
        if (caller === undefined) throw unknownCaller(context);
        authorize(caller, method, request as Message);
      } catch (error) {
        const call = { service: service.typeName, method: method.name, caller: context.caller?.name };
        log.info({ ...call, why: (error as Error).message }, 'refused');
        context.abort(error);
      }
    };
    check();
    if (context.aborted || !answersMany(method)) return passOn;
    rechecks.add(check);
    return (thrown) => {
      rechecks.delete(check);
      return thrown;
    };
  };
}

function findCaller(callers: Callers, context: CallContext): Caller | undefined {
  const authorization = context.requestHeader.get('authorization');
  return callers.find({ authorization, certificateNames: () => context.peerNames });
}

function unknownCaller({ requestHeader, peerNames }: CallContext): Error {
  if (requestHeader.has('authorization') || peerNames.length > 0) {
    return unauthenticated('CREDENTIALS_UNKNOWN', 'nobody is known by the token or certificate of the call');
  }
  return unauthenticated('CREDENTIALS_MISSING', 'the call has neither a bearer token nor a client certificate');
}
