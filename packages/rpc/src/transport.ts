import { connect } from 'node:net';
import type { Transport } from '@connectrpc/connect';
import { createGrpcTransport, Http2SessionManager } from '@connectrpc/connect-node';
import type { Logger } from '@portcullis/runtime';
import { formatAddress, parseAddress } from './address.js';
import { maxMessageBytes } from './limits.js';

/** A transport that can be closed; calls in flight then fail. */
export interface OpenTransport extends Transport {
  close(): void;
}

/**
 * Dials `http://host:port` or `unix:/path/of.sock` when it is first called, and again after a failure. A call to a server
 * that is not there fails with UNAVAILABLE at once.
 */
export function openTransport(target: string, _options: { log?: Logger } = {}): OpenTransport {
  const address = parseAddress(target);
  const baseUrl = address.kind === 'unix' ? 'http://localhost' : formatAddress(address);
  const sessionManager = new Http2SessionManager(
    baseUrl,
    { pingIntervalMs: 10_000, pingTimeoutMs: 10_000 },
    address.kind === 'unix' ? { createConnection: () => connect({ path: address.path }) } : {},
  );
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    acceptCompression: [],
    readMaxBytes: maxMessageBytes,
  });
  return { unary: transport.unary, stream: transport.stream, close: () => sessionManager.abort() };
}
