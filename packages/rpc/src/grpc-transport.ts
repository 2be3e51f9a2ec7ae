import { once } from 'node:events';
import type {
  DescMessage,
  DescMethodStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { Code, ConnectError, type StreamResponse, type Transport, type UnaryResponse } from '@connectrpc/connect';
import {
  type CallOptions,
  type Client,
  type ClientDuplexStream,
  type ClientUnaryCall,
  connectivityState,
  type Metadata,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import { methodDefinition } from './grpc-definition.js';
import { appendMetadata, metadataOf } from './grpc-metadata.js';
import { parseStatus } from './grpc-status.js';

type StreamCall = ClientDuplexStream<unknown, unknown>;
type HeadersInput = ConstructorParameters<typeof Headers>[0];

/**
 * A transport of Connect over clients of grpc-js, one at a time.
 *
 * Owns: the calls in flight, and the patience with a server that is dialled and does not answer (grpc-js has no end of it).
 * Does not own: the connection, which grpc-js opens, watches and opens again.
 */
export class GrpcTransport implements Transport {
  readonly #makeClient: () => Client;
  readonly #connectTimeoutMs: number;
  readonly #token: (() => string) | undefined;
  #client: Client;
  #dialling: NodeJS.Timeout | undefined;
  readonly #inFlight = new Set<ClientUnaryCall | StreamCall>();
  #isClosed = false;

  constructor(makeClient: () => Client, { connectTimeoutMs, token }: GrpcTransportOptions) {
    this.#makeClient = makeClient;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.#token = token;
    this.#client = makeClient();
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInput,
    input: MessageInitShape<I>,
  ): Promise<UnaryResponse<I, O>> {
    this.#assertOpen();
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
    const metadata = this.#metadataOf(header);
    let followed: Ends | undefined;
    const message = await new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        input,
        metadata,
        optionsOf(timeoutMs),
        (error, answer) => (error ? reject(this.#errorOf(error, signal)) : resolve(answer)),
      );
      followed = this.#follow(call, signal);
    });
    return {
      stream: false,
      service: method.parent,
      method,
      ...(followed as Ends),
      message: message as MessageShape<O>,
    };
  }

  /** All streams are bidirectional here: what tells them apart is how much each side says. */
  async stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInput,
    input: AsyncIterable<MessageInitShape<I>>,
  ): Promise<StreamResponse<I, O>> {
    this.#assertOpen();
    const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
    const metadata = this.#metadataOf(header);
    const call: StreamCall = this.#client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
      optionsOf(timeoutMs),
    );
    let failure: ConnectError | undefined;
    call.on('error', (error: ServiceError) => {
      failure ??= this.#errorOf(error, signal);
    });
    const ended = new AbortController();
    const headed = new Promise<void>((resolve) => {
      call.once('metadata', () => resolve());
      call.once('status', () => {
        ended.abort();
        resolve();
      });
    });
    const ends = this.#follow(call, signal);
    send(input, call, ended.signal).catch((error: unknown) => {
      failure ??= ConnectError.from(error);
      call.cancel();
    });
    await headed;
    const answers = async function* () {
      try {
        for await (const answer of call) {
          // What has arrived before the caller lost interest is not wanted any more.
          if (signal?.aborted) throw ConnectError.from(signal.reason, Code.Canceled);
          yield answer as MessageShape<O>;
        }
      } catch (error) {
        throw failure ?? error;
      } finally {
        call.cancel();
      }
      // The error may have come before anybody read.
      if (failure) throw failure;
    };
    return { stream: true, service: method.parent, method, ...ends, message: answers() };
  }

  #metadataOf(header: HeadersInput): Metadata {
    const headers = new Headers(header);
    if (this.#token) headers.set('authorization', `Bearer ${this.#token()}`);
    return metadataOf(headers);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#dialling);
    for (const call of this.#inFlight) call.cancel();
    this.#client.close();
  }

  /** Calls wait for the connection. If there is none in time they fail, and the next call dials anew. */
  #boundDialling(): void {
    const client = this.#client;
    const stateIs = (state: connectivityState) => client.getChannel().getConnectivityState(false) === state;
    if (this.#dialling !== undefined || stateIs(connectivityState.READY)) return;
    this.#dialling = setTimeout(() => {
      this.#dialling = undefined;
      if (!stateIs(connectivityState.CONNECTING)) return;
      this.#client = this.#makeClient();
      client.close();
    }, this.#connectTimeoutMs).unref();
  }

  #follow(call: ClientUnaryCall | StreamCall, signal: AbortSignal | undefined): Ends {
    const ends = { header: new Headers(), trailer: new Headers() };
    const cancel = () => call.cancel();
    this.#inFlight.add(call);
    this.#boundDialling();
    call.once('metadata', (metadata: Metadata) => appendMetadata(ends.header, metadata));
    call.once('status', ({ metadata }: StatusObject) => {
      appendMetadata(ends.trailer, metadata);
      this.#inFlight.delete(call);
      signal?.removeEventListener('abort', cancel);
    });
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
    return ends;
  }

  #errorOf(error: ServiceError, signal: AbortSignal | undefined): ConnectError {
    if (signal?.aborted) return ConnectError.from(signal.reason, Code.Canceled);
    return this.#isClosed ? closedError() : parseStatus(error);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw closedError();
  }
}

export interface GrpcTransportOptions {
  readonly connectTimeoutMs: number;
  /** See `TransportOptions`. */
  readonly token: (() => string) | undefined;
}

interface Ends {
  readonly header: Headers;
  readonly trailer: Headers;
}

function closedError(): ConnectError {
  return new ConnectError('the transport is closed', Code.Canceled);
}

function optionsOf(timeoutMs: number | undefined): CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

/** Sends what the caller says until the call ends; a server may answer, and end, before it has heard everything. */
async function send(input: AsyncIterable<unknown>, call: StreamCall, ended: AbortSignal): Promise<void> {
  for await (const message of input) {
    if (ended.aborted) return;
    if (!call.write(message)) await once(call, 'drain', { signal: ended }).catch(() => undefined);
  }
  call.end();
}
