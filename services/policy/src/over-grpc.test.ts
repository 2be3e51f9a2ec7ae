import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { create } from '@bufbuild/protobuf';
import { type Client, createClient } from '@connectrpc/connect';
import { policyV1 } from '@portcullis/api';
import { failureOf } from '@portcullis/resource/testing';
import { type OpenTransport, openTransport, type RunningServer, startServer } from '@portcullis/rpc';
import { openStore, type Store } from '@portcullis/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memberships } from './documents.js';
import { openPolicy } from './index.js';
import { InventoryFake } from './testing/inventory.fake.js';
import { goodRule, log } from './testing/policy-world.js';

describe('policy over gRPC', () => {
  let folder: string;
  let store: Store;
  let server: RunningServer;
  let transport: OpenTransport;
  let client: Client<typeof policyV1.PolicyService>;
  let end: () => Promise<void>;

  const longest = (letter: string) => letter.padEnd(63, '0');
  const parent = `projects/${longest('p')}`;
  const group = (letter: string) => `${parent}/securityGroups/${longest(letter)}`;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portcullis-policy-'));
    store = await openStore('sqlite::memory:', { log });
    const policy = await openPolicy({ store, inventory: new InventoryFake().transport, log });
    server = await startServer({ listen: `unix:${folder}/p.sock`, services: [policy], log });
    transport = openTransport(server.address);
    client = createClient(policyV1.PolicyService, transport);
    for (const letter of ['g', 'h']) await client.createSecurityGroup({ parent, securityGroupId: longest(letter) });
    end = async () => {
      transport.close();
      await server.close();
      await policy.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    };
  });
  afterAll(() => end());

  it('takes the largest batch, and errors that list many arrive whole', async () => {
    const securityGroupRules = Array.from({ length: 500 }, (_, i) =>
      goodRule({ remoteSecurityGroup: group('h'), startPort: 1, endPort: 1 + i, description: 'd'.repeat(1024) }),
    );
    const answer = await client.batchCreateSecurityGroupRules({ parent: group('g'), securityGroupRules });
    expect(answer.securityGroupRules).toHaveLength(500);
    const failure = await failureOf(client.deleteSecurityGroup({ name: group('h') }));
    expect(failure).toMatchObject({ code: 'FailedPrecondition', reason: 'SECURITY_GROUP_IN_USE' });
    expect(failure.subjects.length).toBeGreaterThanOrEqual(8);
    expect(failure.message).toBe(
      `${group('h')} is named by 500 rules of other groups; ListReferencingRules lists all of them (the first ${failure.subjects.length} are listed)`,
    );
    expect(failure.subjects).toEqual(failure.subjects.toSorted());
    const absent = Array.from({ length: 499 }, () => ({ name: group('absent').slice(0, -1), allowMissing: true }));
    const deletions = client.batchDeleteSecurityGroups({ parent, requests: [...absent, { name: group('h') }] });
    expect(await failureOf(deletions)).toMatchObject({ subjects: failure.subjects, request: 'requests[499]' });
    const nics = Array.from({ length: 500 }, (_, i) => `${parent}/nics/${longest('n').slice(0, 60)}${i + 100}`);
    expect((await failureOf(client.addNics({ securityGroup: group('g'), nics }))).resources.length).toBeGreaterThan(8);
    const wrong = securityGroupRules.map((rule) => ({ ...rule, cidr: 'x'.repeat(1000) }));
    const refused = client.batchCreateSecurityGroupRules({ parent: group('g'), securityGroupRules: wrong });
    expect((await failureOf(refused)).violations[0]).toBe('security_group_rules[0].cidr CIDR_MALFORMED');
  });

  it('deletes a group whose removal does not fit one message, and the watch goes on', async () => {
    const stop = new AbortController();
    const events = client.watch({}, { signal: stop.signal })[Symbol.asyncIterator]();
    const untilCompleted = async () => {
      for (;;) {
        const { value } = await events.next();
        if (value.event.case === 'snapshotCompleted') return Number(value.event.value.revision);
      }
    };
    expect(await untilCompleted()).toBe(3);
    const many = Array.from({ length: 12_000 }, (_, i) =>
      create(policyV1.MembershipSchema, {
        securityGroup: group('g'),
        nic: `${parent}/nics/${longest('n').slice(0, 57)}${i + 100_000}`,
      }),
    );
    await store.transact((tx) => memberships.put(tx, many));
    await client.deleteSecurityGroup({ name: group('g') });
    await client.deleteSecurityGroup({ name: group('h') });
    for (let revision = 0; revision < 6; ) {
      const { value } = await events.next();
      if (value.event.case === 'snapshotCompleted' || value.event.case === 'commit') {
        revision = Number(value.event.value.revision);
      }
    }
    stop.abort();
  });

  it('names as many of the rules that stand in the way of a deletion as fit into a trailer', async () => {
    const named = (id: string) => `projects/p/securityGroups/${id}`;
    for (const securityGroupId of ['g', 'h'])
      await client.createSecurityGroup({ parent: 'projects/p', securityGroupId });
    const securityGroupRules = Array.from({ length: 100 }, (_, i) =>
      goodRule({ remoteSecurityGroup: named('h'), startPort: 1, endPort: 1 + i }),
    );
    await client.batchCreateSecurityGroupRules({ parent: named('g'), securityGroupRules });
    const { subjects } = await failureOf(client.deleteSecurityGroup({ name: named('h') }));
    expect(subjects.length).toBeGreaterThan(20);
  });

  it('answers the largest expansion, whose text is repeated in each of its rules', async () => {
    const expansion = {
      direction: policyV1.Direction.EGRESS,
      protocol: policyV1.Protocol.UDP,
      portRanges: Array.from({ length: 500 }, (_, i) => ({ startPort: 1 + i })),
      description: '\u{1f600}'.repeat(1024),
    };
    const group = 'projects/p/securityGroups/g';
    const { securityGroupRules } = await client.batchCreateSecurityGroupRules({
      parent: group,
      expansions: [expansion],
    });
    expect(securityGroupRules).toHaveLength(500);
  });
});
