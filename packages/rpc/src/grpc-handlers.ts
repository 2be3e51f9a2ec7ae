import { type EventEmitter, once } from 'node:events';
import type { DescMethod } from '@bufbuild/protobuf';
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import type {
  Metadata,
  ServerDuplexStream,
  ServerReadableStream,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { namesOfCertificate } from './access/peer.js';
import { CallContext } from './call-context.js';
import { headersOf, metadataOf } from './grpc-metadata.js';
import { formatStatus } from './grpc-status.js';
import type { Registration } from './registration.js';

type UnaryHandler = (request: unknown, context: HandlerContext) => Promise<unknown>;
type StreamHandler = (request: unknown, context: HandlerContext) => AsyncIterable<unknown>;

/** Handlers of Connect's form, as grpc-js calls them. They throw nothing but API errors. */
export function grpcHandlers({ service, handlers }: Registration): UntypedServiceImplementation {
  return Object.fromEntries(
    service.methods.map((method) => {
      const handler = (handlers as Record<string, unknown>)[method.localName];
      return [method.localName, grpcHandler(method, handler)];
    }),
  );
}

function grpcHandler(method: DescMethod, handler: unknown): UntypedHandleCall {
  switch (method.methodKind) {
    case 'unary':
      return answerOnce(method, handler as UnaryHandler, (call: RequestInHand) => call.request);
    case 'client_streaming':
      return answerOnce(method, handler as UnaryHandler, requestsOf);
    case 'server_streaming':
      return answerMany(method, handler as StreamHandler, (call: AnyWritable & RequestInHand) => call.request);
    case 'bidi_streaming':
      return answerMany(method, handler as StreamHandler, (call: AnyDuplex) => requestsOf(call));
  }
}

type AnyReadable = ServerReadableStream<unknown, unknown>;
type AnyWritable = ServerWritableStream<unknown, unknown>;
type AnyDuplex = ServerDuplexStream<unknown, unknown>;
type RequestInHand = ServerUnaryCall<unknown, unknown>;
/** What calls of all four kinds have. */
type AnyCall = EventEmitter &
  Pick<
    RequestInHand,
    'cancelled' | 'metadata' | 'sendMetadata' | 'getDeadline' | 'getPath' | 'getHost' | 'getAuthContext'
  >;

/** A handler may stop reading before it answers; the call must not be destroyed by that. */
function requestsOf(call: AnyReadable): AsyncIterable<unknown> {
  return call.iterator({ destroyOnReturn: false });
}

function answerOnce<Call extends AnyCall>(method: DescMethod, handler: UnaryHandler, request: (call: Call) => unknown) {
  return async (call: Call, callback: sendUnaryData<unknown>): Promise<void> => {
    const { context, finish } = begin(call, method);
    try {
      const answer = await handler(request(call), context);
      sendHeader(call, context);
      callback(null, answer, trailerOf(context));
    } catch (error) {
      callback(formatStatus(error));
    } finally {
      finish();
    }
  };
}

function answerMany<Call extends AnyWritable | AnyDuplex>(
  method: DescMethod,
  handler: StreamHandler,
  request: (call: Call) => unknown,
) {
  return async (call: Call): Promise<void> => {
    const { context, finish } = begin(call, method);
    try {
      let isFirst = true;
      for await (const answer of handler(request(call), context)) {
        if (isFirst) sendHeader(call, context);
        isFirst = false;
        if (!call.write(answer)) await once(call, 'drain', { signal: context.signal });
      }
      if (isFirst) sendHeader(call, context);
      call.end(trailerOf(context));
    } catch (error) {
      // grpc-js takes the status of a stream from its error event.
      call.emit('error', formatStatus(error));
    } finally {
      finish();
    }
  };
}

/** The reason of signals that abort because there is nothing left to abort. */
const hasEnded = new ConnectError('the call has ended', Code.Canceled);

/** The context of one call; its signal aborts when the caller leaves, at the deadline, and with `finish`. */
function begin(call: AnyCall, method: DescMethod): { context: CallContext; finish(): void } {
  const deadline = call.getDeadline();
  const context = new CallContext({
    service: method.parent,
    method,
    protocolName: 'grpc',
    requestMethod: 'POST',
    url: `http://${call.getHost()}${call.getPath()}`,
    expiresAt: Number.isFinite(Number(deadline)) ? Number(deadline) : undefined,
    readHeader: () => headersOf(call.metadata),
    readPeer: () => namesOfCertificate(call.getAuthContext().sslPeerCertificate),
  });
  const onCancelled = () => {
    const isLate = Date.now() >= Number(deadline);
    context.abort(
      isLate
        ? new ConnectError('the operation timed out', Code.DeadlineExceeded)
        : new ConnectError('the caller has left', Code.Canceled),
    );
  };
  if (call.cancelled) onCancelled();
  else call.once('cancelled', onCancelled);
  const finish = () => {
    call.off('cancelled', onCancelled);
    context.abort(hasEnded);
  };
  return { context, finish };
}

function sendHeader(call: AnyCall, { answered }: CallContext): void {
  if (answered.header === undefined) return;
  const header = metadataOf(answered.header);
  if (Object.keys(header.getMap()).length > 0) call.sendMetadata(header);
}

function trailerOf({ answered }: CallContext): Metadata | undefined {
  return answered.trailer && metadataOf(answered.trailer);
}
