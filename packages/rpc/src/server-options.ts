import { readFile } from 'node:fs/promises';
import { type Closable, type Configuration, followFile, type Logger, type Options } from '@portcullis/runtime';
import { z } from 'zod';
import { parseCallers } from './access/parse-callers.js';
import { certificateOptions, readCertificate } from './certificate-options.js';
import type { KnownCallers } from './interceptors/access.js';
import type { ServerTls } from './port.js';

/** How a program that serves protects its port. */
export const serverOptions = {
  callers: {
    flag: '--callers <file>',
    environment: 'PORTCULLIS_CALLERS',
    description: 'JSON file of who may do what, read again when it changes; without it everybody may do everything',
    schema: z.string().optional(),
  },
  ...certificateOptions,
  tlsClientCa: {
    flag: '--tls-client-ca <file>',
    environment: 'PORTCULLIS_TLS_CLIENT_CA',
    description: 'PEM file of the authority that signs the certificates of callers; needs a certificate of its own',
    schema: z.string().optional(),
  },
} satisfies Options;

/** For `startServer`. */
export interface ServerSecurity extends Closable {
  readonly tls?: ServerTls;
  readonly callers?: KnownCallers;
}

/** Reads what the options name. Rejects with an error that says what is wrong in which file. */
export async function openServerSecurity(
  config: Configuration<typeof serverOptions>,
  log: Logger,
): Promise<ServerSecurity> {
  const own = await readCertificate(config);
  const clientCa = config.tlsClientCa === undefined ? undefined : await readFile(config.tlsClientCa);
  if (clientCa && !own) throw new Error('--tls-client-ca needs --tls-cert and --tls-key');
  const tls = own && { tls: { ...own, ...(clientCa && { clientCa }) } };
  if (config.callers === undefined) {
    log.warn('without --callers everybody who reaches the port may do everything');
    return { ...tls, close: async () => undefined };
  }
  const callers = await followFile(config.callers, parseCallers, log);
  return { ...tls, callers, close: () => callers.close() };
}
