import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { type Client, createClient } from '@connectrpc/connect';
import { policyV1 } from '@portcullis/api';
import { type OpenTransport, openTransport } from '@portcullis/rpc';
import { createLogger } from '@portcullis/runtime';
import { openStore } from '@portcullis/store';
import { type PrivatePostgres, startPrivatePostgres } from '@portcullis/store/testing';
import { type Result, rateOf } from '../result.js';
import { bareWrite } from './bare-write.js';
import { type Load, runLoad } from './load.js';
import { Servers } from './servers.js';

export interface ApiOptions {
  /** Tenths of a second that each load lasts. */
  readonly repeat: number;
  readonly onProgress: (message: string) => void;
}

type PolicyClient = Client<typeof policyV1.PolicyService>;

const project = 'projects/bench';
const group = `${project}/securityGroups/g0`;
const callerCounts = [1, 32, 256] as const;
const silent = createLogger('bench', { level: 'silent' });

/**
 * Reads and durable writes per second. Beside reads: a grpc-js server that does nothing. Beside writes, three bare costs:
 * 1. the store's commits, one after the other, each durable before the next one begins: what the disk and the database
 *    give (`write-rule-…`). Many callers at once share a commit, and may pass that;
 * 2. the store without a server before it, called by as many at once, in groups as ours are (`…-beside-groups`);
 * 3. a grpc-js server that does nothing but put what it is sent into a store (`…-beside-grpc`). What it reaches of the second
 *    (`grpc-write-…`) is the most that any server of this kind can reach on this machine, where server and load share
 *    the processors.
 */
export async function benchApi({ repeat, onProgress }: ApiOptions): Promise<Result[]> {
  const durationMs = repeat * 100;
  const servers = await Servers.open();
  const transports: OpenTransport[] = [];
  let postgres: PrivatePostgres | undefined;
  const clientOf = (address: string): PolicyClient => {
    const transport = openTransport(address);
    transports.push(transport);
    return createClient(policyV1.PolicyService, transport);
  };
  try {
    onProgress('starting PostgreSQL, two suites and a bare server');
    postgres = await startPrivatePostgres({ fsync: true });
    const sqlite = clientOf(await servers.startSuite('sqlite'));
    const onPostgres = clientOf(await servers.startSuite('postgres', postgres.url));
    for (const client of [sqlite, onPostgres]) await populate(client);
    const [oneGroup, itsRules] = [
      await sqlite.getSecurityGroup({ name: group }),
      await sqlite.listSecurityGroupRules({ parent: group }),
    ];
    const bare = clientOf(await servers.startEcho(oneGroup, itsRules));
    const bareSqlite = clientOf(await servers.startStoreServer('sqlite', `sqlite:${servers.folder}/bare-server.db`));
    const barePostgres = clientOf(await servers.startStoreServer('postgres', postgres.url));

    const results: Result[] = [];
    for (const count of callerCounts) {
      const load = (call: (caller: number, round: number) => Promise<unknown>) => runLoad(count, durationMs, call);
      onProgress(`reads, ${count} callers`);
      const bareGet = await load(() => bare.getSecurityGroup({ name: group }));
      const bareList = await load(() => bare.listSecurityGroupRules({ parent: group }));
      const get = await load(() => sqlite.getSecurityGroup({ name: group }));
      const list = await load(() => sqlite.listSecurityGroupRules({ parent: group }));
      results.push(...rateOf(`read-get-${count}`, get, bareGet), ...rateOf(`read-list-${count}`, list, bareList));
      for (const [name, client, bareClient, url] of [
        ['sqlite', sqlite, bareSqlite, `sqlite:${path.join(servers.folder, 'bare.db')}`],
        ['postgres', onPostgres, barePostgres, postgres.url],
      ] as const) {
        onProgress(`durable writes on ${name}, ${count} callers`);
        const commits = await storeLoad(url, { callerCount: 1, durationMs });
        const groups = await storeLoad(url, { callerCount: count, durationMs });
        const writes = await load((caller, round) => writeRule(client, { count, caller, round }));
        const overGrpc = await load((caller, round) => writeRule(bareClient, { count, caller, round }));
        results.push(
          ...rateOf(`write-rule-${count}-${name}`, writes, commits),
          ...rateOf(`write-rule-${count}-${name}-beside-groups`, writes, groups).slice(0, 1),
          ...rateOf(`write-rule-${count}-${name}-beside-grpc`, writes, overGrpc).slice(0, 1),
          ...rateOf(`grpc-write-${count}-${name}`, overGrpc, groups).slice(0, 1),
        );
      }
    }
    return results;
  } finally {
    for (const transport of transports) transport.close();
    await servers.close();
    await postgres?.remove();
  }
}

/** A group with twenty rules, to be read, and 256 to be written to. */
async function populate(client: PolicyClient): Promise<void> {
  const create = (id: string) =>
    client.createSecurityGroup({ parent: project, securityGroupId: id, securityGroup: {} });
  await Promise.all(Array.from({ length: 257 }, (_, i) => create(`g${i}`)));
  const securityGroupRules = Array.from({ length: 18 }, (_, i) => tcpRule(i + 1));
  await client.batchCreateSecurityGroupRules({ parent: group, securityGroupRules });
}

function tcpRule(port: number) {
  const ports = { protocol: policyV1.Protocol.TCP, startPort: port, endPort: port };
  return { direction: policyV1.Direction.INGRESS, ...ports };
}

/** Another rule each time, spread over the groups: two callers meet in a group at different rounds only. */
function writeRule(
  client: PolicyClient,
  { count, caller, round }: { count: number; caller: number; round: number },
): Promise<unknown> {
  const parent = `${project}/securityGroups/g${1 + ((caller + round) % 256)}`;
  const cidr = `10.${count % 251}.${Math.floor(round / 60_000)}.0/24`;
  return client.createSecurityGroupRule({ parent, securityGroupRule: { ...tcpRule((round % 60_000) + 1), cidr } });
}

/** Writes to a store that nothing else uses. */
async function storeLoad(
  url: string,
  { callerCount, durationMs }: { callerCount: number; durationMs: number },
): Promise<Load> {
  const store = await openStore(url, { log: silent, owner: 'bare' });
  const run = randomUUID();
  try {
    return await runLoad(callerCount, durationMs, (caller, round) =>
      bareWrite(store, `${project}/securityGroups/${run}-${caller}/rules/r-${round}`),
    );
  } finally {
    await store.close();
  }
}
