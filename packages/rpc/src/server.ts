import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from '@portcullis/runtime';
import { Registry } from 'prom-client';
import { formatAddress, parseAddress } from './address.js';
import { speaksHttp2 } from './first-bytes.js';
import { grpcDefinition } from './grpc-definition.js';
import { grpcHandlers } from './grpc-handlers.js';
import { healthService } from './health.js';
import { http1Listener } from './http1.js';
import { intercept } from './interceptor.js';
import { accessLog } from './interceptors/access-log.js';
import { deadline } from './interceptors/deadline.js';
import { errors } from './interceptors/errors.js';
import { metrics as metricsInterceptor } from './interceptors/metrics.js';
import { shutdown } from './interceptors/shutdown.js';
import { defaultTimeoutMs, firstBytesTimeoutMs, maxMessageBytes } from './limits.js';
import { listen } from './listen.js';
import { readinessOf } from './readiness.js';
import type { OpenService } from './registration.js';

export interface ServerOptions {
  /** `host:port` (port 0: any that is free) or `unix:/path/of.sock`. */
  readonly listen: string;
  readonly services: readonly OpenService[];
  readonly log: Logger;
  /** What `/metrics` shows; a registry of its own unless given. */
  readonly metrics?: Registry;
}

export interface RunningServer {
  /** What clients dial: `http://127.0.0.1:4711` or `unix:/path/of.sock`. */
  readonly address: string;
  /** Takes no more calls, ends streams, lets other calls finish for at most `graceMs` (5 s). Does not close the services. */
  close(graceMs?: number): Promise<void>;
}

/** Serves gRPC over HTTP/2, and Connect, gRPC-Web, `/healthz` and `/metrics` over HTTP/1.1, on one port. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { services, log } = options;
  const registry = options.metrics ?? new Registry();
  const closing = new AbortController();
  const readiness = readinessOf(services, closing.signal);
  const interceptors = [
    metricsInterceptor(registry),
    accessLog(log),
    shutdown(closing.signal),
    deadline(defaultTimeoutMs),
    errors(log),
  ];
  const registrations = [...services.flatMap((service) => service.registrations), healthService(readiness)].map(
    (registration) => intercept(registration, interceptors),
  );

  const grpc = new GrpcServer({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.enable_channelz': 0,
  });
  for (const registration of registrations) {
    grpc.addService(grpcDefinition(registration.service), grpcHandlers(registration));
  }
  const http2 = grpc.createConnectionInjector(ServerCredentials.createInsecure());

  const server = createServer(http1Listener(registrations, { readiness, registry }));
  const sockets = new Set<Socket>();
  const [serveHttp1] = server.listeners('connection') as [(this: typeof server, socket: Socket) => void];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    void speaksHttp2(socket, firstBytesTimeoutMs).then((isHttp2) => {
      if (isHttp2 === undefined) return;
      if (isHttp2) http2.injectConnection(socket);
      else serveHttp1.call(server, socket);
    });
  });

  const address = await listen(server, parseAddress(options.listen));

  let closed: Promise<void> | undefined;
  const close = (graceMs = 5000) => {
    closed ??= new Promise((resolve) => {
      closing.abort();
      http2.drain(graceMs);
      const sweep = setInterval(() => server.closeIdleConnections(), 50);
      const end = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      server.close(() => {
        clearInterval(sweep);
        clearTimeout(end);
        grpc.forceShutdown();
        resolve();
      });
    });
    return closed;
  };
  return { address: formatAddress(address), close };
}
