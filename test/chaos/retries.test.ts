import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, Code, ConnectError, createClient } from '@connectrpc/connect';
import { parseRevisionToken, policyV1 } from '@portcullis/api';
import { type OpenTransport, openTransport } from '@portcullis/rpc';
import { afterAll, beforeAll, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../services/policy/dist/main.js', import.meta.url));
const parent = 'projects/chaos';
const group = `${parent}/securityGroups/g`;
const writerCount = 200;

let folder: string;
let service: ChildProcess;
let transport: OpenTransport;
let client: Client<typeof policyV1.PolicyService>;
let retryCount = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'portcullis-retries-'));
  startService();
  transport = openTransport(`unix:${folder}/policy.sock`);
  client = createClient(policyV1.PolicyService, transport);
  await persist((requestId) => client.createSecurityGroup({ parent, securityGroupId: 'g', requestId }));
});
afterAll(async () => {
  transport?.close();
  await kill();
  await rm(folder, { recursive: true, force: true });
});

function startService(): void {
  const address = ['--listen', `unix:${folder}/policy.sock`, '--inventory', `unix:${folder}/nobody.sock`];
  const args = [program, ...address, '--database-url', `sqlite:${folder}/policy.db`, '--log-level', 'error'];
  service = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

async function kill(): Promise<void> {
  if (service.exitCode !== null || service.signalCode !== null) return;
  const gone = once(service, 'exit');
  service.kill('SIGKILL');
  await gone;
}

/** Repeats a call with one request id until it is answered: what was carried out without an answer is answered now. */
async function persist<Answer>(call: (requestId: string) => Promise<Answer>): Promise<Answer> {
  const requestId = randomUUID();
  const endsAt = performance.now() + 30_000;
  for (;;) {
    try {
      return await call(requestId);
    } catch (thrown) {
      const { code } = ConnectError.from(thrown);
      const isDown = [Code.Unavailable, Code.Unknown, Code.Canceled, Code.Internal, Code.Aborted].includes(code);
      if (!isDown || performance.now() > endsAt) throw thrown;
      retryCount += 1;
      await sleep(20);
    }
  }
}

/** Four changes of one writer; answers what must be left of them. */
async function write(writer: number): Promise<{ name: string; description: string }> {
  const { TCP } = policyV1.Protocol;
  const rule = (startPort: number) => ({
    ...{ direction: policyV1.Direction.INGRESS, protocol: TCP, startPort, endPort: 60_000 },
  });
  const create = (startPort: number) =>
    persist((requestId) =>
      client.createSecurityGroupRule({ parent: group, securityGroupRule: rule(startPort), requestId }),
    );
  const [kept, passing] = await Promise.all([create(writer + 1), create(writer + 1 + writerCount)]);
  const name = kept.securityGroupRule?.name ?? '';
  const description = `of writer ${writer}`;
  const change = { securityGroupRule: { name, description }, updateMask: { paths: ['description'] } };
  await persist((requestId) => client.updateSecurityGroupRule({ ...change, requestId }));
  const gone = passing.securityGroupRule?.name ?? '';
  await persist((requestId) => client.deleteSecurityGroupRule({ name: gone, requestId }));
  return { name, description };
}

it('makes each change of 200 writers once, though the service is killed again and again', async () => {
  const writing = Promise.all(Array.from({ length: writerCount }, (_, writer) => write(writer)));
  let isWriting = true;
  const killing = (async () => {
    for (let round = 0; round < 3 && isWriting; round += 1) {
      await sleep(100 + 50 * round);
      await kill();
      startService();
      await persist(() => client.getSecurityGroup({ name: group }));
    }
  })();
  const expected = await writing.finally(() => {
    isWriting = false;
  });
  await killing;
  expect(retryCount).toBeGreaterThan(0);

  const listed = await client.listSecurityGroupRules({ parent: group, pageSize: 1000 });
  const left = listed.securityGroupRules.flatMap(({ automatic, name, description }) =>
    automatic ? [] : [`${name} ${description}`],
  );
  expect(left.toSorted()).toEqual(expected.map(({ name, description }) => `${name} ${description}`).toSorted());
  // One revision for the group and one for each change: none was made twice, none was lost.
  const { revisionToken } = await client.deleteSecurityGroup({ name: group, validateOnly: true });
  expect(parseRevisionToken(revisionToken)?.revision).toBe(1 + 4 * writerCount);
});
