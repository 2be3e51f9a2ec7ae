import type { Transport } from '@connectrpc/connect';
import { type ChannelCredentials, Client, credentials as grpcCredentials } from '@grpc/grpc-js';
import type { Logger } from '@portcullis/runtime';
import { parseAddress } from './address.js';
import { logConnection } from './connection-log.js';
import { GrpcTransport } from './grpc-transport.js';
import { connectTimeoutMs, maxMessageBytes } from './limits.js';

/** A transport that can be closed. */
export interface OpenTransport extends Transport {
  /** Ends the connection; calls in flight fail. */
  close(): void;
}

export interface TransportOptions {
  /** Hears when the server is reached, lost, or not to be reached. */
  readonly log?: Logger;
  /** A bearer token, shown with each call; asked anew each time. */
  readonly token?: (() => string) | undefined;
  /** PEM. Needed for `https://`: `ca` signed the server's certificate; `key` and `cert` are what the client shows. */
  readonly tls?: { readonly ca: Buffer; readonly key?: Buffer; readonly cert?: Buffer } | undefined;
}

/**
 * Dials `http://host:port` or `unix:/path/of.sock` at the first call, and again after the connection was lost. A call to a
 * server that is not there fails with UNAVAILABLE at once (after 5 s, if it swallows what it is sent); while it stays away
 * it is dialled at most each second. A peer that has gone without a word is noticed within 20 s, if a call waits for it.
 *
 * A stream ends when it has been read to its end or when the caller's signal aborts; to leave the loop is not enough,
 * because clients of Connect do not tell the transport.
 */
export function openTransport(target: string, { log, tls, token }: TransportOptions = {}): OpenTransport {
  const address = grpcTarget(target);
  const credentials = credentialsOf(target, tls);
  const makeClient = () => {
    const client = new Client(address, credentials, clientOptions);
    if (log) logConnection(client.getChannel(), target, log);
    return client;
  };
  return new GrpcTransport(makeClient, { connectTimeoutMs, token });
}

const clientOptions = {
  'grpc.max_receive_message_length': maxMessageBytes,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  'grpc.dns_min_time_between_resolutions_ms': 1000,
  // Neither settings from DNS nor a proxy from the environment may come between two services.
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
  // Else connections are shared, and outlive their transport.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0,
};

function grpcTarget(target: string): string {
  const address = parseAddress(target);
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

function credentialsOf(target: string, tls: TransportOptions['tls']): ChannelCredentials {
  if (!target.startsWith('https://')) return grpcCredentials.createInsecure();
  if (tls === undefined)
    throw new TypeError(`${target} needs the certificate of the authority that signed the server's`);
  return grpcCredentials.createSsl(tls.ca, tls.key ?? null, tls.cert ?? null);
}
