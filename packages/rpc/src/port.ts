import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import type { Logger } from '@portcullis/runtime';
import type { Address } from './address.js';
import { speaksHttp2 } from './first-bytes.js';
import { firstBytesTimeoutMs } from './limits.js';
import { listen } from './listen.js';

/**
 * PEM. With `clientCa`, callers must show a certificate that this authority has signed, unless the server knows its callers:
 * then a token will do.
 */
export interface ServerTls {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly clientCa?: Buffer;
}

export interface PortOptions {
  readonly address: Address;
  readonly http1: RequestListener;
  readonly http2: (connection: Socket) => void;
  readonly tls: (ServerTls & { readonly isClientCertRequired: boolean }) | undefined;
  readonly log: Logger;
}

export interface Port {
  readonly address: Address;
  /** Accepts no more; resolves when every connection has ended, of which those that are left after `graceMs` are cut. */
  close(graceMs: number): Promise<void>;
}

/** How often connections of HTTP/1 that have become idle are closed while the port closes. */
const sweepIntervalMs = 50;

/**
 * One port for HTTP/1 and HTTP/2.
 *
 * Owns: the listening socket, and every connection until it closes.
 * Does not own: what is said on a connection, once its first bytes have told which protocol it speaks.
 */
export async function openPort({ address: wanted, http1, http2, tls, log }: PortOptions): Promise<Port> {
  const server = tls ? createTlsServer(tlsOptions(tls), http1) : createServer(http1);
  const connections = new Set<Socket>();
  /** Those that have not said which protocol they speak. */
  const undecided = new Set<Socket>();
  const keep = (connection: Socket) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  };

  // The HTTP/1 server listens, with its timeouts, and is given back those of its connections that are not HTTP/2.
  const event = tls ? 'secureConnection' : 'connection';
  const [serveHttp1] = server.listeners(event) as [(this: Server, connection: Socket) => void];
  server.off(event, serveHttp1);
  server.on(event, async (connection: Socket) => {
    keep(connection);
    undecided.add(connection);
    const isHttp2 = await speaksHttp2(connection, firstBytesTimeoutMs);
    undecided.delete(connection);
    if (isHttp2 === undefined) return;
    if (isHttp2) {
      connection.allowHalfOpen = false;
      http2(connection);
    } else serveHttp1.call(server, connection);
  });
  if (tls) server.on('connection', keep);

  const address = await listen(server, wanted);
  server.on('error', (error) => log.error({ err: error }, 'a connection could not be accepted'));
  return {
    address,
    close: (graceMs) =>
      new Promise((resolve) => {
        for (const connection of undecided) connection.destroy();
        const sweep = setInterval(() => server.closeIdleConnections(), sweepIntervalMs);
        const cut = setTimeout(() => {
          for (const connection of connections) connection.destroy();
        }, graceMs);
        server.close(() => {
          clearInterval(sweep);
          clearTimeout(cut);
          resolve();
        });
      }),
  };
}

function tlsOptions({ key, cert, clientCa, isClientCertRequired }: NonNullable<PortOptions['tls']>) {
  const clients = clientCa && { ca: clientCa, requestCert: true, rejectUnauthorized: isClientCertRequired };
  return { key, cert, ...clients, ALPNProtocols: ['h2', 'http/1.1'], handshakeTimeout: firstBytesTimeoutMs };
}
