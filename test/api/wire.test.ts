import { connect } from 'node:http2';
import { connect as dial } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { type CallOptions, Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { policyV1 } from '@portcullis/api';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type SuiteUnderTest, startSuite } from './suite-under-test.js';
import { goodRule, project, sg } from './things.js';

const service = '/portcullis.policy.v1.PolicyService';

let suite: SuiteUnderTest;
let raw: Client;

beforeAll(async () => {
  suite = await startSuite();
  raw = new Client(suite.address.replace('http://', ''), credentials.createInsecure());
  await suite.policy.createSecurityGroup({ parent: project, securityGroupId: 'g' });
});
afterAll(async () => {
  raw.close();
  await suite.close();
});
// Whatever a test has sent: the suite lives, and nothing has changed.
let before: string;
beforeAll(async () => {
  before = await suite.revisions();
});
afterEach(async () => {
  expect(await suite.revisions()).toBe(before);
});

interface Ended {
  readonly code: string | undefined;
  readonly message: string;
}

/** Sends these bytes as the request of a method. */
function send(method: string, bytes: Uint8Array, options: CallOptions = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const asIs = (buffer: Buffer) => buffer;
    raw.makeUnaryRequest(method, asIs, asIs, Buffer.from(bytes), options, (error: ServiceError | null) =>
      resolve({ code: status[error?.code ?? status.OK], message: error?.details ?? '' }),
    );
  });
}

/** A field of a message: tag and length before it. */
function field(number: number, bytes: Uint8Array): Buffer {
  const { length } = bytes;
  return Buffer.concat([Buffer.from([(number << 3) | 2, (length & 127) | 128, (length >> 7) & 127]), bytes]);
}

const get = `${service}/GetSecurityGroup`;
const name = toBinary(
  policyV1.GetSecurityGroupRequestSchema,
  create(policyV1.GetSecurityGroupRequestSchema, { name: sg('g') }),
);

it.each([
  ['a tag without a value', [0x0a]],
  ['a length beyond the end', [0x0a, 0x7f, 0x61]],
  ['a length that never ends', Array(20).fill(0xff)],
  ['a group that never ends', Array(1000).fill(0x0b)],
  ['a wire type that is none', [0x0f]],
  ['field number 0', [0x02, 0x01, 0x61]],
  ['a number where a text belongs', [0x08, 0x01]],
  ['noise', Array.from({ length: 1000 }, (_, i) => (i * 7919) & 255)],
])('bytes that are no message, %s, are refused', async (_, bytes) => {
  expect((await send(get, Buffer.from(bytes))).code).toMatch(/^(INTERNAL|INVALID_ARGUMENT)$/);
});

it('text that is no UTF-8 is refused, or is no name', async () => {
  const { code } = await send(get, field(1, Buffer.from([0xff, 0xfe, 0xc0, 0x80])));
  expect(code).toMatch(/^(INTERNAL|INVALID_ARGUMENT)$/);
});

it('fields that nobody knows are passed over, as protobuf has it', async () => {
  expect(await send(get, Buffer.concat([name, field(15, Buffer.from('what?'))]))).toMatchObject({ code: 'OK' });
});

it('an empty message says what is missing', async () => {
  expect(await send(get, Buffer.alloc(0))).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('name: is required'),
  });
});

it('a message of more than 4 MiB is refused, one of a little less is read', async () => {
  const refused = await send(get, field(15, Buffer.alloc(5 << 20)));
  expect(refused.code).toBe('RESOURCE_EXHAUSTED');
  const request = create(policyV1.GetSecurityGroupRequestSchema, { name: 'x'.repeat((4 << 20) - 100) });
  const read = await send(get, toBinary(policyV1.GetSecurityGroupRequestSchema, request));
  expect(read.code).toBe('INVALID_ARGUMENT');
});

it.each([
  ['names', 'AddNics', 2],
  ['rules', 'BatchCreateSecurityGroupRules', 2],
  ['requests', 'BatchCreateSecurityGroups', 2],
  ['CIDRs', 'AddCidrs', 2],
  ['names to read', 'BatchGetSecurityGroups', 2],
  ['groups', 'SetNicSecurityGroups', 2],
  ['networks', 'AttachNetworks', 2],
  ['expansions', 'BatchCreateSecurityGroupRules', 3],
])('two million empty %s are too many, and are told so soon', async (_, method, number) => {
  const empty = Buffer.from([(number << 3) | 2, 0]);
  const from = performance.now();
  const { code, message } = await send(`${service}/${method}`, Buffer.alloc((4 << 20) - 64, empty));
  expect(code).toBe('INVALID_ARGUMENT');
  expect(message).toMatch(/(has|stands for) 2097/);
  expect(performance.now() - from).toBeLessThan(10_000);
});

it.each(['/portcullis.policy.v1.PolicyService/Nothing', '/portcullis.nothing.v1.Nothing/Get', '/x', '/'])(
  'the method %s is not implemented',
  async (method) => {
    expect((await send(method, name)).code).toBe('UNIMPLEMENTED');
  },
);

it.each([
  ['long ago', -1e12],
  ['now', 0],
  ['in a moment', 0.001],
])('a deadline %s is exceeded', async (_, milliseconds) => {
  const deadline = milliseconds < -1e9 ? new Date(0) : new Date(Date.now() + milliseconds);
  expect((await send(get, name, { deadline })).code).toBe('DEADLINE_EXCEEDED');
});

it('a deadline in years is one', async () => {
  expect(await send(get, name, { deadline: new Date(Date.now() + 1e12) })).toMatchObject({ code: 'OK' });
});

/** A call of gRPC as any client may write it; how it ends is its own affair. */
function over2(headers: Record<string, string>, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const session = connect(suite.address);
    session.once('error', reject);
    const said = { ':method': 'POST', ':path': get, 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request({ ...said, ...headers });
    stream.once('error', () => undefined);
    stream.once('close', () => {
      session.close();
      resolve();
    });
    stream.resume();
    stream.end(body);
  });
}

function framed(bytes: Uint8Array, length = bytes.length, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(flag);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, bytes]);
}

it.each<[string, Record<string, string>, Buffer]>([
  ['a time of a unit that is none', { 'grpc-timeout': '5x' }, framed(name)],
  ['one nanosecond', { 'grpc-timeout': '1n' }, framed(name)],
  ['no time at all', { 'grpc-timeout': '0S' }, framed(name)],
  ['11 000 years', { 'grpc-timeout': '99999999H' }, framed(name)],
  ['a negative time', { 'grpc-timeout': '-5S' }, framed(name)],
  ['a frame that claims 4 GiB', {}, framed(name, 2 ** 32 - 1)],
  ['a frame that is shorter than it claims', {}, framed(name, name.length + 5)],
  ['a compression that nobody knows', { 'grpc-encoding': 'brotli' }, framed(name, name.length, 1)],
  ['two messages where one belongs', {}, Buffer.concat([framed(name), framed(name)])],
  ['no message', {}, Buffer.alloc(0)],
])('a call over HTTP/2 with %s is refused, or answered, and hurts nobody', async (_, headers, body) => {
  await over2(headers, body);
  expect(await send(get, name)).toMatchObject({ code: 'OK' });
});

it('a caller that hangs up in the middle hurts nobody', async () => {
  const wait = { timeout: { seconds: 60n } };
  const callers = Array.from({ length: 20 }, () => suite.withToken('any'));
  const waiting = callers.map(async ({ dispatch, policy }) => {
    const stop = new AbortController();
    const calls = [
      dispatch.waitForEnforcement(wait, { signal: stop.signal }),
      policy.listSecurityGroups({ parent: project }, { signal: stop.signal }),
    ];
    stop.abort();
    return Promise.allSettled(calls);
  });
  await Promise.all(waiting);
  const port = Number(new URL(suite.address).port);
  for (const half of ['PRI * HTTP/2.0\r\n\r\nSM', 'POST / HTTP/1.1\r\ncontent-length: 100\r\n\r\n{', '\0', '']) {
    const socket = dial(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(half);
    await sleep(10);
    socket.destroy();
  }
  expect(await send(get, name)).toMatchObject({ code: 'OK' });
});

/** Status and code of a call of Connect. */
async function post(method: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${suite.address}${service}/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  const { code, message } = (await response.json().catch(() => ({}))) as { code?: string; message?: string };
  return { status: response.status, code, message };
}

it.each<[string, string, string]>([
  ['a field that does not exist', 'GetSecurityGroup', '{"nam": "x"}'],
  ['a field of the prototype', 'GetSecurityGroup', '{"__proto__": {"name": "x"}}'],
  ['a number as a text', 'ListSecurityGroups', '{"parent": "projects/p", "pageSize": "ten"}'],
  ['a number with a fraction', 'ListSecurityGroups', '{"parent": "projects/p", "pageSize": 1.5}'],
  ['a number beyond 32 bits', 'ListSecurityGroups', '{"parent": "projects/p", "pageSize": 4294967296}'],
  ['a text as a number', 'GetSecurityGroup', '{"name": 1}'],
  ['a list as a message', 'CreateSecurityGroup', '{"securityGroup": []}'],
  ['an enum that is none', 'CreateSecurityGroup', '{"securityGroup": {"state": "OPEN"}}'],
  ['half a surrogate', 'CreateSecurityGroup', '{"parent": "projects/p", "securityGroup": {"displayName": "\\ud800"}}'],
  ['a list', 'GetSecurityGroup', '[]'],
  ['nothing', 'GetSecurityGroup', ''],
  ['half', 'GetSecurityGroup', '{'],
  ['100 000 brackets', 'GetSecurityGroup', '['.repeat(100_000)],
  ['100 000 nested objects', 'GetSecurityGroup', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
])('JSON with %s is refused', async (_, method, body) => {
  expect(await post(method, body)).toMatchObject({ status: 400, code: 'invalid_argument' });
});

it('JSON of more than 4 MiB is refused', async () => {
  const answer = await post('GetSecurityGroup', JSON.stringify({ name: 'x'.repeat(5 << 20) }));
  expect(answer).toMatchObject({ status: 429, code: 'resource_exhausted' });
});

it('over JSON, too, the error names the field', async () => {
  const rule = { ...goodRule, direction: 'DIRECTION_INGRESS', protocol: 'PROTOCOL_TCP', endPort: 70_000 };
  const answer = await post('CreateSecurityGroupRule', JSON.stringify({ parent: sg('g'), securityGroupRule: rule }));
  expect(answer).toMatchObject({ status: 400, message: 'security_group_rule.end_port: 70000 is not in 1-65535' });
});
