import type { Logger } from '@portcullis/runtime';
import { Registry } from 'prom-client';
import { formatAddress, parseAddress } from './address.js';
import { grpcServer } from './grpc-server.js';
import { healthService } from './health.js';
import { http1Listener } from './http1.js';
import { intercept } from './interceptor.js';
import { access, type KnownCallers } from './interceptors/access.js';
import { accessLog } from './interceptors/access-log.js';
import { deadline } from './interceptors/deadline.js';
import { errors } from './interceptors/errors.js';
import { metrics } from './interceptors/metrics.js';
import { shutdown } from './interceptors/shutdown.js';
import { defaultGraceMs, defaultTimeoutMs } from './limits.js';
import { openPort, type ServerTls } from './port.js';
import { readinessOf } from './readiness.js';
import { reflectionServices } from './reflection.js';
import type { OpenService } from './registration.js';

export interface ServerOptions {
  /** `host:port` (port 0: any that is free) or `unix:/path/of.sock`. */
  readonly listen: string;
  /** What is served. They are not closed with the server. */
  readonly services: readonly OpenService[];
  readonly log: Logger;
  /** What `/metrics` shows; a registry of the server's own unless given. Servers may share one. */
  readonly metrics?: Registry;
  /** On TCP. Unix sockets are files, which only this user may open. */
  readonly tls?: ServerTls;
  /** Who is known. Without it everybody may do everything. */
  readonly callers?: KnownCallers;
}

export interface RunningServer {
  /** What clients dial: `http://127.0.0.1:4711` or `unix:/path/of.sock`. */
  readonly address: string;
  /** Says NOT_SERVING, takes no more calls, ends streams, and lets other calls finish for at most `graceMs` (5 s). */
  close(graceMs?: number): Promise<void>;
}

/**
 * Serves gRPC over HTTP/2, and Connect, gRPC-Web, `/healthz` and `/metrics` over HTTP/1.1, on one port. Health and reflection
 * of gRPC come with it.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { services, log } = options;
  const registry = options.metrics ?? new Registry();
  const closing = new AbortController();
  const readiness = readinessOf(services, closing.signal);
  const own = [...services.flatMap((service) => service.registrations), healthService(readiness)];
  // The first is the outermost: what counts and logs sees what the caller sees.
  const interceptors = [
    metrics(registry),
    accessLog(log),
    shutdown(closing.signal),
    deadline(defaultTimeoutMs),
    errors(log),
    ...(options.callers ? [access(options.callers, { log, closing: closing.signal })] : []),
  ];
  const registrations = [...own, ...reflectionServices(own)].map((each) => intercept(each, interceptors));

  const grpc = grpcServer(registrations);
  const address = parseAddress(options.listen);
  const tls = address.kind === 'tcp' ? options.tls : undefined;
  const port = await openPort({
    address,
    http1: http1Listener(registrations, { readiness, registry }),
    http2: (connection) => grpc.serve(connection),
    tls: tls && { ...tls, isClientCertRequired: options.callers === undefined },
    log,
  });
  const close = async (graceMs: number) => {
    closing.abort();
    grpc.drain(graceMs);
    await port.close(graceMs);
    grpc.destroy();
  };
  let closed: Promise<void> | undefined;
  return {
    address: formatAddress(port.address, tls ? 'https' : 'http'),
    close(graceMs = defaultGraceMs) {
      closed ??= close(graceMs);
      return closed;
    },
  };
}
