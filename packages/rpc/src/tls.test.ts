import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { promisify } from 'node:util';
import { Code, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { expect, it } from 'vitest';
import { parseCallers } from './access/parse-callers.js';
import { EchoService, echoService, text, textOf } from './echo-service.fake.js';
import { dial, serve, temporaryFolder } from './running-server.fake.js';

/** Keys as `openssl` makes them: an authority, and a certificate for localhost and a URI that it has signed. */
async function makeKeys(uri = 'spiffe://cloud/server'): Promise<{ ca: Buffer; key: Buffer; cert: Buffer }> {
  const folder = await temporaryFolder();
  const openssl = (...args: string[]) => promisify(execFile)('openssl', args, { cwd: folder });
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  await openssl('req', '-x509', ...fresh, '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  const subject = ['-subj', '/CN=server', '-addext', `subjectAltName=DNS:localhost,URI:${uri}`];
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key'];
  await openssl('req', '-x509', ...fresh, ...subject, ...signed, '-keyout', 'key.pem', '-out', 'cert.pem');
  const [ca, key, cert] = await Promise.all(
    ['ca.pem', 'key.pem', 'cert.pem'].map((name) => readFile(`${folder}/${name}`)),
  );
  return { ca, key, cert } as { ca: Buffer; key: Buffer; cert: Buffer };
}

it('gRPC and HTTP/1.1 share a port behind TLS', async () => {
  const { ca, key, cert } = await makeKeys();
  const server = await serve({ services: [echoService()], tls: { key, cert } });
  expect(server.address).toMatch(/^https:/);
  const address = server.address.replace('127.0.0.1', 'localhost');
  const client = createClient(EchoService, dial(address, { tls: { ca } }));
  expect(textOf(await client.once(text('hello')))).toBe('hello');
  const statusCode = await new Promise((resolve, reject) => {
    get(`${address}/healthz`, { ca, agent: false }, (response) => resolve(response.resume().statusCode)).on(
      'error',
      reject,
    );
  });
  expect(statusCode).toBe(200);
});

it('with an authority for clients, only those it has signed are served', async () => {
  const { ca, key, cert } = await makeKeys();
  const server = await serve({ services: [echoService()], tls: { key, cert, clientCa: ca } });
  const address = server.address.replace('127.0.0.1', 'localhost');
  const known = createClient(EchoService, dial(address, { tls: { ca, key, cert } }));
  expect(textOf(await known.once(text('hello')))).toBe('hello');
  const unknown = createClient(EchoService, dial(address, { tls: { ca } }));
  await expect(unknown.once(text(''), { timeoutMs: 5000 })).rejects.toMatchObject({ code: Code.Unavailable });
  const plain = createClient(EchoService, dial(address.replace('https:', 'http:')));
  await expect(plain.once(text(''), { timeoutMs: 5000 })).rejects.toMatchObject({ code: Code.Unavailable });
});

it('a caller is known by its certificate, on both protocols, and only one that the authority for clients has signed', async () => {
  const { ca, key, cert } = await makeKeys('spiffe://cloud/watcher');
  const foreign = await makeKeys('spiffe://cloud/watcher');
  const known = [{ name: 'watcher', certificates: ['URI:spiffe://cloud/watcher'], role: 'admin' }];
  const callers = parseCallers(JSON.stringify({ callers: known }));
  const tls = { key, cert, clientCa: ca };
  const server = await serve({
    services: [echoService()],
    tls,
    callers: { value: () => callers, onChange: () => () => undefined },
  });
  const address = server.address.replace('127.0.0.1', 'localhost');
  const protocols = [
    (shown: object) => dial(address, { tls: { ca, ...shown } }),
    (shown: object) =>
      createConnectTransport({ baseUrl: address, httpVersion: '1.1', nodeOptions: { ca, agent: false, ...shown } }),
  ];
  for (const transportOf of protocols) {
    const once = (shown: object) => createClient(EchoService, transportOf(shown)).once(text('hello'));
    expect(textOf(await once({ key, cert }))).toBe('hello');
    await expect(once({})).rejects.toMatchObject({ code: Code.Unauthenticated });
    await expect(once({ key: foreign.key, cert: foreign.cert })).rejects.toMatchObject({ code: Code.Unauthenticated });
  }
});
