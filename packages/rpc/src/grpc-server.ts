import type { Duplex } from 'node:stream';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { grpcDefinition } from './grpc-definition.js';
import { grpcHandlers } from './grpc-handlers.js';
import { maxMessageBytes } from './limits.js';
import type { Registration } from './registration.js';

/** gRPC over HTTP/2 on connections that others have accepted (and decrypted). */
export interface GrpcServer {
  serve(connection: Duplex): void;
  /** Takes no more calls; connections close when their last call has ended, and in any case after `graceMs`. */
  drain(graceMs: number): void;
  /** Lets go of everything; nothing may be served any more. */
  destroy(): void;
}

export function grpcServer(registrations: readonly Registration[]): GrpcServer {
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    // A caller that has gone without a word is noticed within 50 s, and its streams end. How often callers ping is their affair.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.enable_channelz': 0,
  });
  for (const registration of registrations) {
    server.addService(grpcDefinition(registration.service), grpcHandlers(registration));
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    serve: (connection) => injector.injectConnection(connection),
    drain: (graceMs) => injector.drain(graceMs),
    destroy: () => server.forceShutdown(),
  };
}
