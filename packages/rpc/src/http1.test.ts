import { connect } from 'node:net';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { echoService } from './echo-service.fake.js';
import { invalidArgument } from './errors.js';
import { serve } from './running-server.fake.js';

function postJson(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
  return fetch(url, init);
}

it('a call is JSON in, JSON out', async () => {
  const { address } = await serve({ services: [echoService()] });
  const response = await postJson(`${address}/echo.v1.EchoService/Once`, { text: 'hello' });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ text: 'hello' });
});

it('an error is JSON with its details spelt out', async () => {
  const failing = echoService({
    once() {
      throw invalidArgument([{ field: 'text', reason: 'EMPTY', description: 'is empty' }]);
    },
  });
  const { address } = await serve({ services: [failing] });
  const response = await postJson(`${address}/echo.v1.EchoService/Once`, {});
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    code: 'invalid_argument',
    message: 'text: is empty',
    details: [
      { type: 'google.rpc.ErrorInfo', debug: { reason: 'EMPTY', domain: 'portcullis' } },
      { type: 'google.rpc.BadRequest', debug: { fieldViolations: [{ field: 'text' }] } },
    ],
  });
});

it('a field that does not exist is INVALID_ARGUMENT: what was meant must not be guessed', async () => {
  const { address } = await serve({ services: [echoService()] });
  const response = await postJson(`${address}/echo.v1.EchoService/Once`, { txet: 'hello' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining('"txet" is unknown'),
  });
});

it('JSON that is none is INVALID_ARGUMENT', async () => {
  const { address } = await serve({ services: [echoService()] });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${address}/echo.v1.EchoService/Once`, { method: 'POST', headers, body: '{"text":' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'invalid_argument' });
});

it('/healthz says of each service whether it can be called', async () => {
  let ready = false;
  const { address } = await serve({ services: [echoService({}, () => ready)] });
  const before = await fetch(`${address}/healthz`);
  expect(before.status).toBe(503);
  expect(await before.json()).toEqual({ status: 'NOT_SERVING', services: { 'echo.v1.EchoService': 'NOT_SERVING' } });
  ready = true;
  const after = await fetch(`${address}/healthz?verbose`);
  expect(after.status).toBe(200);
  expect(await after.json()).toEqual({ status: 'SERVING', services: { 'echo.v1.EchoService': 'SERVING' } });
});

it('/metrics counts calls by service, method and code, of all servers of one registry', async () => {
  const metrics = new Registry();
  const { address } = await serve({ services: [echoService()], metrics });
  await serve({ services: [echoService()], metrics });
  await postJson(`${address}/echo.v1.EchoService/Once`, {});
  await postJson(`${address}/grpc.health.v1.Health/Check`, { service: 'nobody' });
  const text = await (await fetch(`${address}/metrics`)).text();
  const line = (labels: string) => `rpc_server_duration_seconds_count{${labels}} 1`;
  expect(text).toContain(line('service="echo.v1.EchoService",method="Once",code="OK"'));
  expect(text).toContain(line('service="grpc.health.v1.Health",method="Check",code="NOT_FOUND"'));
});

it('another path says what is there', async () => {
  const { address } = await serve();
  const response = await fetch(`${address}/nowhere`);
  expect(response.status).toBe(404);
  expect(await response.text()).toMatch(/\/package\.Service\/Method.*\/healthz.*\/metrics/);
});

it.each([
  [
    'no host',
    'POST /echo.v1.EchoService/Once HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
  ],
  ['a host that is none', 'POST /echo.v1.EchoService/Once HTTP/1.1\r\nhost: a b\r\ncontent-length: 2\r\n\r\n{}'],
  ['nothing that is HTTP', 'what is this?\r\n\r\n'],
])('a request with %s is refused, and the server goes on', async (_, request) => {
  const { address } = await serve({ services: [echoService()] });
  expect(await sayTo(address, request)).toMatch(/^HTTP\/1\.1 400 /);
  expect((await postJson(`${address}/echo.v1.EchoService/Once`, {})).status).toBe(200);
});

it('a stream that is left in its middle does no harm', async () => {
  const { address } = await serve({ services: [echoService()] });
  const leaving = new AbortController();
  const response = await fetch(`${address}/grpc.health.v1.Health/Watch`, {
    method: 'POST',
    headers: { 'content-type': 'application/connect+json' },
    body: Buffer.from([0, 0, 0, 0, 2, 0x7b, 0x7d]),
    signal: leaving.signal,
  });
  expect(response.status).toBe(200);
  leaving.abort();
  await expect(response.text()).rejects.toThrow();
  expect((await fetch(`${address}/healthz`)).status).toBe(200);
});

/** What the server answers to plain bytes. */
function sayTo(address: string, request: string): Promise<string> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.end(request));
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.once('close', () => resolve(answer)).once('error', reject);
  });
}
