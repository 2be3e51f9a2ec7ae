import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Code, createClient } from '@connectrpc/connect';
import { policyV1 } from '@portcullis/api';
import { openTransport } from '@portcullis/rpc';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashOf } from './guarded-cloud.js';

const program = fileURLToPath(new URL('../../packages/suite/dist/main.js', import.meta.url));

let folder: string;
let child: ChildProcess;
let messages: string[];
/** `https://127.0.0.1:port`, `unix:/path` */
let addresses: string[];
let ca: Buffer;

const flags = () => {
  const tls = [
    '--tls-cert',
    `${folder}/cert.pem`,
    '--tls-key',
    `${folder}/key.pem`,
    '--tls-client-ca',
    `${folder}/cert.pem`,
  ];
  const listen = ['--listen', `127.0.0.1:0,unix:${folder}/suite.sock`];
  return [program, ...listen, ...tls, '--data-dir', folder, '--callers', `${folder}/callers.json`];
};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'portcullis-suite-'));
  const own = [
    '-subj',
    '/CN=watcher',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
  ];
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  await promisify(execFile)('openssl', ['req', '-x509', ...fresh, ...own], { cwd: folder });
  ca = await readFile(`${folder}/cert.pem`);
  const callers = [
    { name: 'tenant', tokens: [hashOf('secret')], projects: { 'projects/a': 'write' } },
    { name: 'watcher', certificates: ['CN:watcher'], role: 'system' },
  ];
  await writeFile(`${folder}/callers.json`, JSON.stringify({ callers }));
  child = spawn(process.execPath, flags(), { stdio: ['ignore', 'ignore', 'pipe'] });
  messages = [];
  for await (const line of createInterface({ input: child.stderr as NonNullable<typeof child.stderr> })) {
    const { msg, addresses: found } = JSON.parse(line);
    messages.push(msg);
    if (found === undefined) continue;
    addresses = found;
    break;
  }
});
afterAll(async () => {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
  await rm(folder, { recursive: true, force: true });
});

/** The HTTP status of a call of Connect, with headers as curl sends them. */
function post(headers: Record<string, string>, body: object): Promise<number | undefined> {
  const url = `${addresses[0]}/portcullis.policy.v1.PolicyService/ListSecurityGroups`;
  const options = { method: 'POST', ca, agent: false, headers: { 'content-type': 'application/json', ...headers } };
  return new Promise((resolve, reject) => {
    const call = request(url, options, (response) => resolve(response.resume().statusCode));
    call.once('error', reject);
    call.end(JSON.stringify(body));
  });
}

it('TLS and known callers hold for plain JSON over HTTPS', async () => {
  const authorization = 'Bearer secret';
  expect(await post({}, { parent: 'projects/a' })).toBe(401);
  expect(await post({ authorization }, { parent: 'projects/a' })).toBe(200);
  expect(await post({ authorization }, { parent: 'projects/b' })).toBe(403);
});

it('who shows a certificate needs no token, and a Unix socket takes tokens', async () => {
  const [https = '', unix = ''] = addresses;
  const key = await readFile(`${folder}/key.pem`);
  const transports = [
    openTransport(https, { tls: { ca, key, cert: ca } }),
    openTransport(unix, { token: () => 'secret' }),
    openTransport(unix),
  ];
  const [watcher, tenant, nobody] = transports.map((transport) => createClient(policyV1.PolicyService, transport));
  expect(await watcher?.listSecurityGroups({ parent: 'projects/b' })).toMatchObject({ securityGroups: [] });
  const refused = { code: Code.PermissionDenied };
  await expect(watcher?.createSecurityGroup({ parent: 'projects/b' })).rejects.toMatchObject(refused);
  expect(await tenant?.listSecurityGroups({ parent: 'projects/a' })).toMatchObject({ securityGroups: [] });
  await expect(nobody?.listSecurityGroups({})).rejects.toMatchObject({ code: Code.Unauthenticated });
  for (const transport of transports) transport.close();
});

it('a suite that knows its callers does not warn; one that knows nobody does', async () => {
  const warning = 'without --callers everybody who reaches the port may do everything';
  expect(messages).not.toContain(warning);
  const open = spawn(
    process.execPath,
    [program, '--listen', `unix:${folder}/open.sock`, '--data-dir', `${folder}/open`],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  const lines: string[] = [];
  for await (const line of createInterface({ input: open.stderr })) {
    lines.push(JSON.parse(line).msg);
    if (lines.at(-1) === 'serving') break;
  }
  const gone = once(open, 'exit');
  open.kill('SIGTERM');
  await gone;
  expect(lines).toContain(warning);
});

it.each([
  ['a callers file that is wrong', ['--callers', '/dev/null'], '/dev/null: is not JSON'],
  ['a callers file that is not there', ['--callers', '/nowhere'], "ENOENT: no such file or directory, open '/nowhere'"],
  ['a certificate without a key', ['--tls-cert', '/dev/null'], '--tls-cert and --tls-key need each other'],
  [
    'an authority for clients alone',
    ['--tls-client-ca', '/dev/null'],
    '--tls-client-ca needs --tls-cert and --tls-key',
  ],
])('%s ends the program with one clear line', async (_, wrong, message) => {
  const args = [program, '--listen', `unix:${folder}/wrong.sock`, '--data-dir', folder, ...wrong];
  const failed = promisify(execFile)(process.execPath, args, { timeout: 20_000 });
  await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
});
