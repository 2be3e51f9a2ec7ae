import {
  create,
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { Code, ConnectError, type StreamResponse, type Transport, type UnaryResponse } from '@connectrpc/connect';
import type { Logger } from '@portcullis/runtime';
import { CallContext } from './call-context.js';
import { intercept } from './interceptor.js';
import { errors } from './interceptors/errors.js';
import type { OpenService } from './registration.js';

type AnyMethod = DescMethodUnary | DescMethodStreaming;
type HeadersInput = ConstructorParameters<typeof Headers>[0];
type UnaryHandler = (request: unknown, context: CallContext) => Promise<unknown>;
type StreamHandler = (request: unknown, context: CallContext) => AsyncIterable<unknown>;

/**
 * Calls a service of this process, with calls that send one message. Messages are handed over as they are, not as bytes: what
 * the service shows to many it shows to its caller too, who must not change it.
 */
export function localTransport({ registrations }: Pick<OpenService, 'registrations'>, log: Logger): Transport {
  const services = new Map(
    registrations.map((registration) => {
      const { service, handlers } = intercept(registration, [errors(log)]);
      return [service.typeName, handlers as Record<string, unknown>];
    }),
  );
  const handlerOf = ({ parent, localName }: AnyMethod): unknown => {
    const handler = services.get(parent.typeName)?.[localName];
    if (handler === undefined) throw new ConnectError(`${parent.typeName} is not served here`, Code.Unimplemented);
    return handler;
  };
  return {
    async unary<I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>,
      signal: AbortSignal | undefined,
      timeoutMs: number | undefined,
      header: HeadersInput,
      input: MessageInitShape<I>,
    ): Promise<UnaryResponse<I, O>> {
      const handler = handlerOf(method) as UnaryHandler;
      const { context, finish } = begin(method, { signal, timeoutMs, header });
      try {
        const answer = await handler(create(method.input, input), context);
        const { responseHeader, responseTrailer } = context;
        return {
          stream: false,
          service: method.parent,
          method,
          header: responseHeader,
          trailer: responseTrailer,
          message: create(method.output, answer as MessageInitShape<O>),
        };
      } finally {
        finish();
      }
    },

    async stream<I extends DescMessage, O extends DescMessage>(
      method: DescMethodStreaming<I, O>,
      signal: AbortSignal | undefined,
      timeoutMs: number | undefined,
      header: HeadersInput,
      input: AsyncIterable<MessageInitShape<I>>,
    ): Promise<StreamResponse<I, O>> {
      if (method.methodKind !== 'server_streaming') {
        throw new ConnectError(`${method.name} has many requests: call it over gRPC`, Code.Unimplemented);
      }
      const handler = handlerOf(method) as StreamHandler;
      const answers = async function* (): AsyncGenerator<MessageShape<O>> {
        const { context, finish } = begin(method, { signal, timeoutMs, header });
        try {
          for await (const request of input) {
            for await (const answer of handler(create(method.input, request), context)) {
              yield create(method.output, answer as MessageInitShape<O>);
            }
          }
        } finally {
          finish();
        }
      };
      const ends = { header: new Headers(), trailer: new Headers() };
      return { stream: true, service: method.parent, method, ...ends, message: answers() };
    },
  };
}

/** The reason of signals that abort because there is nothing left to abort. */
const hasEnded = new ConnectError('the call has ended', Code.Canceled);

interface Terms {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  readonly header: HeadersInput;
}

/** The context of a call, which is aborted by the caller's signal, at the deadline, and with `finish`. */
function begin(method: AnyMethod, { signal, timeoutMs, header }: Terms): { context: CallContext; finish(): void } {
  const context = new CallContext({
    service: method.parent,
    method,
    protocolName: 'local',
    requestMethod: 'POST',
    url: `local:/${method.parent.typeName}/${method.name}`,
    expiresAt: timeoutMs === undefined ? undefined : Date.now() + timeoutMs,
    readHeader: () => new Headers(header),
  });
  const onLate = () => context.abort(new ConnectError('the operation timed out', Code.DeadlineExceeded));
  const onAbort = () => context.abort(ConnectError.from(signal?.reason, Code.Canceled));
  const timer = timeoutMs === undefined ? undefined : setTimeout(onLate, timeoutMs);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort);
  const finish = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    context.abort(hasEnded);
  };
  return { context, finish };
}
