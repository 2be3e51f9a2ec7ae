import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@portcullis/runtime';
import { onTestFinished } from 'vitest';
import { type RunningServer, type ServerOptions, startServer } from './server.js';
import { type OpenTransport, openTransport, type TransportOptions } from './transport.js';

const silent = createLogger('test', { level: 'silent' });

/** A server on a free port of the loopback, that ends with the test. */
export async function serve(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  const server = await startServer({ listen: '127.0.0.1:0', services: [], log: silent, ...options });
  onTestFinished(() => server.close(0));
  return server;
}

/** A transport that ends with the test. */
export function dial(target: string, options?: TransportOptions): OpenTransport {
  const transport = openTransport(target, options);
  onTestFinished(() => transport.close());
  return transport;
}

/** A folder that ends with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-rpc-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
