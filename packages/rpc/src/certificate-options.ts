import { readFile } from 'node:fs/promises';
import type { Configuration, Options } from '@portcullis/runtime';
import { z } from 'zod';

/** The certificate of a program: what it serves with, and what it shows to those it calls. */
export const certificateOptions = {
  tlsCert: {
    flag: '--tls-cert <file>',
    environment: 'PORTCULLIS_TLS_CERT',
    description: 'PEM file of the certificate of this program, and those that lead to its authority; without it no TLS',
    schema: z.string().optional(),
  },
  tlsKey: {
    flag: '--tls-key <file>',
    environment: 'PORTCULLIS_TLS_KEY',
    description: 'PEM file of the private key of the certificate',
    schema: z.string().optional(),
  },
} satisfies Options;

export async function readCertificate({
  tlsCert,
  tlsKey,
}: Configuration<typeof certificateOptions>): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  if (tlsCert !== undefined && tlsKey !== undefined) {
    return { cert: await readFile(tlsCert), key: await readFile(tlsKey) };
  }
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  throw new Error('--tls-cert and --tls-key need each other');
}
