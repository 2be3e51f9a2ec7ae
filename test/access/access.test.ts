import { Code, ConnectError } from '@connectrpc/connect';
import { inventoryV1 } from '@portcullis/api';
import { createLab } from '@portcullis/testing';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { type Clients, GuardedCloud, hashOf, programOf } from './guarded-cloud.js';

const callers = {
  scheduler: { role: 'admin' },
  services: { role: 'system' },
  a: { projects: { 'projects/a': 'write' } },
  b: { projects: { 'projects/b': 'write' } },
  'enforcer-h1': { hosts: ['hosts/h1'] },
  'enforcer-h2': { hosts: ['hosts/h2'] },
};

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('The lab needs root: the enforcer is not run.');

let cloud: GuardedCloud;
let scheduler: Clients;
let a: Clients;

const network = 'projects/shared/networks/public';

beforeAll(async () => {
  cloud = await GuardedCloud.start(callers);
  scheduler = cloud.as('scheduler');
  a = cloud.as('a');
  const patience = { timeout: 20_000, interval: 100 };
  await vi.waitFor(() => scheduler.inventory.createHost({ hostId: 'h1' }), patience);
  await scheduler.inventory.createHost({ hostId: 'h2' });
  await vi.waitFor(() => scheduler.policy.listSecurityGroups({ parent: 'projects/a' }), patience);
  await scheduler.inventory.createNetwork({
    parent: 'projects/shared',
    networkId: 'public',
    network: { kind: inventoryV1.NetworkKind.PUBLIC, cidrs: ['203.0.113.0/24'] },
  });
  for (const [i, id] of ['a', 'b'].entries()) {
    const parent = `projects/${id}`;
    await scheduler.inventory.createVmInstance({ parent, vmInstanceId: 'v' });
    const nic = { vmInstance: `${parent}/vmInstances/v`, network, macAddress: `02:00:00:00:00:0${i + 1}` };
    await scheduler.inventory.createNic({ parent, nicId: 'n', nic: { ...nic, addresses: [`203.0.113.${i + 1}`] } });
    const nicBinding = { host: `hosts/h${i + 1}`, interfaceName: 'tap0' };
    await scheduler.inventory.createNicBinding({ parent: `${parent}/nics/n`, nicBinding });
  }
});
afterAll(() => cloud.close());

/** Everything of an error that a caller sees. */
async function errorOf(answer: Promise<unknown>): Promise<object> {
  const error = await answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConnectError)) throw new Error('no API error');
  return { code: Code[error.code], message: error.rawMessage, details: error.details };
}

async function hostsSeen(answers: AsyncIterable<{ event: { case?: string | undefined; value?: unknown } }>) {
  const nics: unknown[] = [];
  for await (const { event } of answers) {
    if (event.case === 'nic') nics.push((event.value as { nic: string }).nic);
  }
  return nics;
}

it('a tenant does its own work, with services that show each other who they are', async () => {
  const created = await a.policy.createSecurityGroup({ parent: 'projects/a', securityGroupId: 'web' });
  const securityGroup = created.securityGroup?.name ?? '';
  await a.policy.attachNetworks({ securityGroup, networks: [network] });
  const { revisionToken } = await a.policy.addNics({ securityGroup, nics: ['projects/a/nics/n'] });
  const waited = () =>
    a.dispatch
      .waitForEnforcement({ revisionTokens: [revisionToken], nics: ['projects/a/nics/n'], timeout: { seconds: 1n } })
      .then(({ laggingHosts }) => laggingHosts.map(({ host }) => host), String);
  await expect.poll(waited, { timeout: 20_000 }).toEqual(['hosts/h1']);
});

it('a tenant cannot tell what exists in another project', async () => {
  const b = cloud.as('b');
  await b.policy.createSecurityGroup({ parent: 'projects/b', securityGroupId: 'exists' });
  const attempts: ((id: string) => Promise<unknown>)[] = [
    (id) => a.policy.getSecurityGroup({ name: `projects/b/securityGroups/${id}` }),
    (id) => a.policy.deleteSecurityGroup({ name: `projects/b/securityGroups/${id}` }),
    (id) => a.policy.createSecurityGroup({ parent: 'projects/b', securityGroupId: id }),
    (id) => a.policy.addNics({ securityGroup: `projects/b/securityGroups/${id}`, nics: ['projects/a/nics/n'] }),
  ];
  for (const attempt of attempts) {
    const existing = await errorOf(attempt('exists'));
    expect(existing).toMatchObject({ code: 'PermissionDenied', message: expect.stringContaining('projects/b') });
    expect(await errorOf(attempt('missing'))).toEqual(existing);
    // Nor is anything validated.
    expect(await errorOf(attempt('NOT AN ID'))).toEqual(existing);
  }
});

it('a batch with one name of another project is refused whole', async () => {
  const requests = ['projects/a', 'projects/b'].map((parent) => ({ parent, securityGroupId: 'batched' }));
  const refused = await errorOf(a.policy.batchCreateSecurityGroups({ parent: 'projects/a', requests }));
  expect(refused).toMatchObject({ code: 'PermissionDenied', message: expect.stringContaining('requests[1].parent') });
  const { securityGroups } = await scheduler.policy.listSecurityGroups({ parent: 'projects/a' });
  expect(securityGroups.map(({ name }) => name)).not.toContain('projects/a/securityGroups/batched');
});

it('S1 a host reads its own state and reports its own status, nothing else', async () => {
  for (const [own, other] of [
    ['h1', 'h2'],
    ['h2', 'h1'],
  ]) {
    const { enforce, dispatch, inventory, policy } = cloud.as(`enforcer-${own}`);
    expect(await hostsSeen(enforce.sync({ host: `hosts/${own}` }))).toEqual([
      `projects/${own === 'h1' ? 'a' : 'b'}/nics/n`,
    ]);
    await enforce.report({ host: `hosts/${own}` });
    const beyond = [
      hostsSeen(enforce.sync({ host: `hosts/${other}` })),
      hostsSeen(enforce.sync({ host: `hosts/missing` })),
      enforce.report({ host: `hosts/${other}` }),
      dispatch.getHostStatus({ host: `hosts/${own}` }),
      dispatch.listHostStatuses({}),
      inventory.getHost({ name: `hosts/${own}` }),
      inventory.getNic({ name: 'projects/a/nics/n' }),
      policy.listSecurityGroups({ parent: 'projects/a' }),
    ];
    for (const error of await Promise.all(beyond.map(errorOf)))
      expect(error).toMatchObject({ code: 'PermissionDenied' });
  }
});

it.skipIf(!isRoot)('S1 an enforcer with the token of its host enforces it, and no other', async () => {
  const lab = await createLab({ hosts: ['h1', 'h2'], networks: [], vms: [] });
  onTestFinished(() => lab.destroy());
  for (const host of ['h1', 'h2']) {
    const addresses = ['--dispatcher', cloud.address('dispatcher'), '--redis', cloud.redis.socketPath];
    const flags = ['--host', `hosts/${host}`, '--state-dir', `${cloud.folder}/${host}`, '--heartbeat-ms', '500'];
    const token = ['--token-file', cloud.tokenFile('enforcer-h1')];
    const child = lab.spawnIn(host, process.execPath, [programOf('enforcer'), ...flags, ...addresses, ...token], {
      stdio: 'ignore',
    });
    onTestFinished(() => void child.kill('SIGKILL'));
  }
  const statusOf = async (host: string) => (await scheduler.dispatch.getHostStatus({ host })).status;
  const reported = async (host: string) => (await statusOf(host))?.backend !== '';
  await expect.poll(() => reported('hosts/h1'), { timeout: 20_000 }).toBe(true);
  await expect
    .poll(() => cloud.log('dispatcher'), { timeout: 20_000 })
    .toMatch(/the caller does not enforce hosts\/h2/);
  expect((await statusOf('hosts/h2'))?.backend).toBe('');
});

it('tokens are exchanged while everything runs', async () => {
  const request = { parent: 'projects/a' };
  const next = cloud.withToken('next-token-of-a');
  expect(await errorOf(next.policy.listSecurityGroups(request))).toMatchObject({ code: 'Unauthenticated' });
  const both = [hashOf('token-of-a'), hashOf('next-token-of-a')];
  await cloud.know({ ...callers, a: { ...callers.a, tokens: both } });
  const listed = (clients: Clients) => clients.policy.listSecurityGroups(request).then(() => 'OK', String);
  await expect.poll(() => listed(next), { timeout: 10_000 }).toBe('OK');
  expect(await listed(a)).toBe('OK');
  await cloud.know({ ...callers, a: { ...callers.a, tokens: both.slice(1) } });
  await expect.poll(() => listed(a), { timeout: 10_000 }).toMatch(/unauthenticated/);
  expect(await listed(next)).toBe('OK');
  await cloud.know(callers);
  await expect.poll(() => listed(a), { timeout: 10_000 }).toBe('OK');
});

it('no log holds a token, and each names who called', async () => {
  for (const service of ['inventory', 'policy', 'dispatcher'] as const) {
    const log = await cloud.log(service);
    expect(log).toContain(`"caller":"${service === 'inventory' ? 'services' : 'a'}"`);
    expect(log).not.toMatch(/token-of-/);
  }
});
