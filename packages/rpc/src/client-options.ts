import { readFile } from 'node:fs/promises';
import { type Closable, type Configuration, followFile, type Logger, type Options } from '@portcullis/runtime';
import { z } from 'zod';
import { certificateOptions, readCertificate } from './certificate-options.js';
import type { TransportOptions } from './transport.js';

/** How a program shows who it is to those it calls. */
export const clientOptions = {
  tokenFile: {
    flag: '--token-file <file>',
    environment: 'PORTCULLIS_TOKEN_FILE',
    description: 'file of the bearer token that is shown to the services that are called; read again when it changes',
    schema: z.string().optional(),
  },
  tlsCa: {
    flag: '--tls-ca <file>',
    environment: 'PORTCULLIS_TLS_CA',
    description: 'PEM file of the authority that signs the certificates of the services that are called by https://',
    schema: z.string().optional(),
  },
  ...certificateOptions,
} satisfies Options;

/** For `openTransport`. */
export interface ClientSecurity extends Closable, Pick<TransportOptions, 'tls' | 'token'> {}

/** Reads what the options name. Rejects with an error that says what is wrong in which file. */
export async function openClientSecurity(
  config: Configuration<typeof clientOptions>,
  log: Logger,
): Promise<ClientSecurity> {
  const own = await readCertificate(config);
  const tls = config.tlsCa === undefined ? undefined : { ca: await readFile(config.tlsCa), ...own };
  if (config.tokenFile === undefined) return { tls, close: async () => undefined };
  const file = await followFile(config.tokenFile, parseToken, log);
  return { tls, token: () => file.value(), close: () => file.close() };
}

function parseToken(text: string): string {
  const token = text.trim();
  if (/^[\w.~+/-]+=*$/.test(token)) return token;
  throw new Error('holds no token, which is one word of A-Z a-z 0-9 . _ ~ + / - and =');
}
