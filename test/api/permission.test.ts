import { createHash } from 'node:crypto';
import type { DescMessage, DescMethod } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { dispatchV1, inventoryV1, policyV1 } from '@portcullis/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clients, type SuiteUnderTest, startSuite } from './suite-under-test.js';

const tokenOf = (name: string) => `token-of-${name}`;
const known = (name: string, may: object) => ({
  name,
  tokens: [createHash('sha256').update(tokenOf(name)).digest('hex')],
  ...may,
});
const callers = [
  known('admin', { role: 'admin' }),
  known('a', { projects: { 'projects/a': 'provision' } }),
  known('reader', { projects: { 'projects/a': 'read', 'projects/b': 'read' } }),
];

/** Methods that have the name of a project in their request, and may be called by who has a grant there. */
const services = {
  policy: policyV1.PolicyService,
  inventory: inventoryV1.InventoryService,
  dispatch: dispatchV1.DispatchService,
};
const forTenants = Object.entries(services).flatMap(([service, { methods }]) =>
  methods
    .filter(({ name }) => !/Watch|Host|UpdateProjectQuota/.test(name))
    .filter(({ name }) => service !== 'inventory' || !/^(Batch)?(Create|Update|Delete)(Network|NicBinding)/.test(name))
    .map((method) => ({ service: service as keyof typeof services, name: method.name, method })),
);

/** The name of something in project b that a method is about. */
function nameFor(method: string, id: string): string {
  const b = 'projects/b';
  if (/NicBinding/.test(method)) return `${b}/nics/${id}/bindings/h1`;
  if (/VmInstance/.test(method)) return `${b}/vmInstances/${id}`;
  if (/Rule/.test(method) && !/Create|List|Default/.test(method)) return `${b}/securityGroups/${id}/rules/${id}`;
  if (/AddressGroup|Cidrs/.test(method)) return `${b}/addressGroups/${id}`;
  if (/NicSecurityGroups|NicStatus|Wait|[tse]Nics?$/.test(method)) return `${b}/nics/${id}`;
  if (/Network/.test(method) && !/Attach|Detach/.test(method)) return `${b}/networks/${id}`;
  return `${b}/securityGroups/${id}`;
}

const places = ['name', 'security_group', 'address_group', 'nic', 'vm_instance', 'parent'];

/** A request that names it, however deep the method has its names. */
function requestFor(input: DescMessage, name: string): object {
  for (const { name: field, localName, fieldKind } of input.fields) {
    if (fieldKind === 'scalar' && places.includes(field)) return { [localName]: name };
  }
  const deep = input.fields.find(({ fieldKind, message }) => fieldKind === 'message' && message?.field.name);
  if (deep) return { [deep.localName]: { name } };
  throw new TypeError(`${input.typeName} names nothing`);
}

function naming({ name, input }: DescMethod, id: string): object {
  const thing = nameFor(name, id);
  const { requests, names, nics } = input.field;
  // The batch is of the caller's own project, a request in it is not.
  if (requests?.message) return { parent: 'projects/a', requests: [requestFor(requests.message, thing)] };
  if (names) return { parent: 'projects/a', names: [thing] };
  if (nics && !input.field.securityGroup) return { nics: [thing] };
  return requestFor(input, thing);
}

/** Everything of an error that a caller sees. */
async function errorOf(clients: Clients, service: keyof typeof services, method: DescMethod, request: object) {
  const call = (clients[service] as unknown as Record<string, (request: object) => unknown>)[method.localName];
  try {
    const answer = call?.(request);
    if (method.methodKind === 'unary') await answer;
    else for await (const _ of answer as AsyncIterable<unknown>);
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return { code: Code[error.code] ?? '', message: error.rawMessage, details: error.details };
  }
  return undefined;
}

describe('with known callers', () => {
  let suite: SuiteUnderTest;

  beforeAll(async () => {
    suite = await startSuite(callers, tokenOf('admin'));
    const { policy, inventory } = suite;
    await inventory.createHost({ hostId: 'h1' });
    for (const parent of ['projects/a', 'projects/b']) {
      const network = `${parent}/networks/exists`;
      await inventory.createNetwork({ parent, networkId: 'exists', network: { kind: inventoryV1.NetworkKind.VPC } });
      await inventory.createVmInstance({ parent, vmInstanceId: 'exists' });
      const nic = { vmInstance: `${parent}/vmInstances/exists`, network, macAddress: '02:00:00:00:00:01' };
      await inventory.createNic({ parent, nicId: 'exists', nic });
      await inventory.createNicBinding({
        parent: `${parent}/nics/exists`,
        nicBinding: { host: 'hosts/h1', interfaceName: parent.slice(-1) },
      });
      await policy.createSecurityGroup({ parent, securityGroupId: 'exists' });
      await policy.createAddressGroup({ parent, addressGroupId: 'exists' });
    }
  });
  afterAll(() => suite.close());

  it('there are methods of every kind', () => {
    expect(forTenants.length).toBeGreaterThan(60);
  });

  it.each(forTenants)('$name is refused alike in a project of others, whatever it names', async (row) => {
    const { service, method } = row;
    const a = suite.withToken(tokenOf('a'));
    const before = await suite.revisions();
    const existing = await errorOf(a, service, method, naming(method, 'exists'));
    expect(existing).toMatchObject({ code: 'PermissionDenied', message: expect.stringContaining('in projects/b') });
    // Neither what is missing nor what is malformed is told apart.
    for (const id of ['missing', 'NOT AN ID', '', 'x'.repeat(10_000)]) {
      expect(await errorOf(a, service, method, naming(method, id))).toEqual(existing);
    }
    expect(await suite.revisions()).toBe(before);
  });

  it.each(forTenants)('$name is for who is known', async ({ service, method }) => {
    const nobody = suite.withToken('guessed');
    const request = naming(method, 'exists');
    expect(await errorOf(nobody, service, method, request)).toMatchObject({ code: 'Unauthenticated' });
  });

  const changing = forTenants.filter(({ method: { input } }) => input.field.requestId);
  it.each(changing)('$name is not for who may only read', async ({ service, method }) => {
    const reader = suite.withToken(tokenOf('reader'));
    const before = await suite.revisions();
    expect(await errorOf(reader, service, method, naming(method, 'exists'))).toMatchObject({
      code: 'PermissionDenied',
    });
    expect(await suite.revisions()).toBe(before);
  });

  it('a reader reads', async () => {
    const { policy } = suite.withToken(tokenOf('reader'));
    const { securityGroup } = await policy.getSecurityGroup({ name: 'projects/b/securityGroups/exists' });
    expect(securityGroup?.name).toBe('projects/b/securityGroups/exists');
  });

  it('what names no project at all is not told what is wrong with it', async () => {
    const { policy } = suite.withToken(tokenOf('a'));
    await expect(policy.getSecurityGroup({ name: 'exists' })).rejects.toMatchObject({ code: Code.PermissionDenied });
    await expect(policy.batchGetSecurityGroups({ parent: 'projects/-' })).rejects.toMatchObject({
      code: Code.PermissionDenied,
    });
  });
});
