import { createHash } from 'node:crypto';
import type { DescService } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient, type ServiceImpl, type Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { dispatchV1, enforceV1, errorDetails, healthV1, inventoryV1, policyV1, reflectionV1 } from '@portcullis/api';
import { createLogger } from '@portcullis/runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { codeName } from '../code-name.js';
import { type OpenService, serviceOf } from '../registration.js';
import { dial, serve } from '../running-server.fake.js';
import { parseCallers } from './parse-callers.js';

const services = [
  policyV1.PolicyService,
  inventoryV1.InventoryService,
  dispatchV1.DispatchService,
  enforceV1.EnforceService,
];

/** Whoever is not asked for a permission would be answered. */
const reached: string[] = [];
beforeEach(() => {
  reached.length = 0;
});

function stub(service: DescService): OpenService {
  const handlers = service.methods.map(({ name, localName, methodKind }) => {
    const answer = () => {
      reached.push(name);
      return {};
    };
    async function* answers() {
      yield answer();
    }
    return [localName, methodKind === 'server_streaming' ? answers : answer];
  });
  const registration = serviceOf(service, Object.fromEntries(handlers) as ServiceImpl<DescService>);
  return { registrations: [registration], ready: () => true, close: async () => undefined };
}

/** Each caller's token is its name. */
const roles = {
  admin: { role: 'admin' },
  system: { role: 'system' },
  reader: { projects: { 'projects/a': 'read' } },
  writer: { projects: { 'projects/a': 'write', 'projects/b': 'read' } },
  provisioner: { projects: { 'projects/a': 'provision' } },
  enforcer: { hosts: ['hosts/h1'] },
};
type Role = keyof typeof roles;
const fileOf = (may: Record<string, object>) =>
  JSON.stringify({
    callers: Object.entries(may).map(([name, each]) => ({
      name,
      tokens: [createHash('sha256').update(name).digest('hex')],
      ...each,
    })),
  });
const callers = parseCallers(fileOf(roles));
const known = { value: () => callers, onChange: () => () => undefined };

const lines: Record<string, unknown>[] = [];
const log = createLogger('test', { level: 'debug', destination: { write: (line) => lines.push(JSON.parse(line)) } });
const address = async () => (await serve({ services: services.map(stub), callers: known, log })).address;

const protocols: Record<string, (target: string, token: string | undefined) => Transport> = {
  gRPC: (target, token) => dial(target, { token: token === undefined ? undefined : () => token }),
  Connect: (baseUrl, token) =>
    createConnectTransport({
      baseUrl,
      httpVersion: '1.1',
      interceptors: [
        (next) => (request) => {
          if (token !== undefined) request.header.set('authorization', `Bearer ${token}`);
          return next(request);
        },
      ],
    }),
};

/** How a call ended: `OK`, or the code, reason and field of its error. */
async function outcome(transport: Transport, service: DescService, method: string, request: object): Promise<string> {
  const call = (createClient(service, transport) as Record<string, (request: object) => unknown>)[method];
  try {
    const answer = call?.(request);
    if (answer instanceof Promise) await answer;
    else for await (const _ of answer as AsyncIterable<unknown>);
    return 'OK';
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const [info] = error.findDetails(errorDetails.ErrorInfoSchema);
    const { field, resource } = info?.metadata ?? {};
    return [codeName(error), info?.reason, field, resource].filter(Boolean).join(' ');
  }
}

const group = (project: string) => `projects/${project}/securityGroups/g`;
const nic = (project: string) => `projects/${project}/nics/n`;
const network = 'projects/shared/networks/public';
const { PolicyService } = policyV1;
const { InventoryService } = inventoryV1;
const { DispatchService } = dispatchV1;
const { EnforceService } = enforceV1;

/** A call, and who may make it. Everybody else is refused. */
const rows: [string, DescService, string, object, Role[]][] = [
  [
    'reads a project',
    PolicyService,
    'getSecurityGroup',
    { name: group('a') },
    ['admin', 'system', 'reader', 'writer', 'provisioner'],
  ],
  ['reads another project', PolicyService, 'getSecurityGroup', { name: group('b') }, ['admin', 'system', 'writer']],
  [
    'streams a project',
    PolicyService,
    'exportProject',
    { parent: 'projects/a' },
    ['admin', 'system', 'reader', 'writer', 'provisioner'],
  ],
  ['changes a project', PolicyService, 'deleteSecurityGroup', { name: group('a') }, ['admin', 'writer', 'provisioner']],
  ['changes a project that it may read', PolicyService, 'deleteSecurityGroup', { name: group('b') }, ['admin']],
  [
    'joins what is of two projects',
    PolicyService,
    'addNics',
    { securityGroup: group('a'), nics: [nic('a'), nic('c')] },
    ['admin'],
  ],
  [
    'attaches a network of others',
    PolicyService,
    'attachNetworks',
    { securityGroup: group('a'), networks: [network] },
    ['admin', 'writer', 'provisioner'],
  ],
  [
    'names another project in a rule',
    PolicyService,
    'createSecurityGroupRule',
    { parent: group('a'), securityGroupRule: { remoteSecurityGroup: group('c') } },
    ['admin'],
  ],
  [
    'describes with the name of another project',
    PolicyService,
    'createSecurityGroup',
    { parent: 'projects/a', securityGroup: { description: group('c'), labels: { of: 'projects/c' } } },
    ['admin', 'writer', 'provisioner'],
  ],
  ['changes a quota', PolicyService, 'updateProjectQuota', { projectQuota: { name: 'projects/a/quota' } }, ['admin']],
  [
    'reads through a wildcard',
    PolicyService,
    'batchGetSecurityGroups',
    { parent: 'projects/-', names: [group('a')] },
    ['admin', 'system'],
  ],
  ['names no project', PolicyService, 'listSecurityGroups', {}, ['admin', 'system']],
  ['misspells a project', PolicyService, 'listSecurityGroups', { parent: '/projects/a' }, ['admin', 'system']],
  ['watches policy', PolicyService, 'watch', {}, ['admin', 'system']],
  ['watches inventory', InventoryService, 'watch', {}, ['admin', 'system']],
  [
    'creates a NIC on a network of others',
    InventoryService,
    'createNic',
    { parent: 'projects/a', nic: { vmInstance: 'projects/a/vmInstances/v', network } },
    ['admin', 'provisioner'],
  ],
  [
    'creates a NIC for the VM of others',
    InventoryService,
    'createNic',
    { parent: 'projects/a', nic: { vmInstance: 'projects/c/vmInstances/v' } },
    ['admin'],
  ],
  ['reads a network of others', InventoryService, 'getNetwork', { name: network }, ['admin', 'system']],
  ['creates a network', InventoryService, 'createNetwork', { parent: 'projects/a' }, ['admin']],
  [
    'binds a NIC',
    InventoryService,
    'createNicBinding',
    { parent: nic('a'), nicBinding: { host: 'hosts/h1' } },
    ['admin'],
  ],
  [
    'reads a binding',
    InventoryService,
    'listNicBindings',
    { parent: nic('a') },
    ['admin', 'system', 'reader', 'writer', 'provisioner'],
  ],
  ['reads hosts', InventoryService, 'listHosts', {}, ['admin', 'system']],
  ['creates a host', InventoryService, 'createHost', { hostId: 'h1' }, ['admin']],
  [
    'waits for a NIC',
    DispatchService,
    'waitForEnforcement',
    { nics: [nic('a')] },
    ['admin', 'system', 'reader', 'writer', 'provisioner'],
  ],
  [
    'waits for a host as well',
    DispatchService,
    'waitForEnforcement',
    { nics: [nic('a')], hosts: ['hosts/h1'] },
    ['admin', 'system'],
  ],
  ['waits for everything', DispatchService, 'waitForEnforcement', {}, ['admin', 'system']],
  ['asks for a NIC', DispatchService, 'getNicStatus', { nic: nic('b') }, ['admin', 'system', 'writer']],
  ['asks for a host', DispatchService, 'getHostStatus', { host: 'hosts/h1' }, ['admin', 'system']],
  ['watches hosts', DispatchService, 'watchStatus', { hosts: ['hosts/h1'] }, ['admin', 'system']],
  ['S1 syncs a host', EnforceService, 'sync', { host: 'hosts/h1' }, ['admin', 'enforcer']],
  ['S1 reports of a host', EnforceService, 'report', { host: 'hosts/h1' }, ['admin', 'enforcer']],
  ['S1 syncs another host', EnforceService, 'sync', { host: 'hosts/h2' }, ['admin']],
  ['S1 reports of another host', EnforceService, 'report', { host: 'hosts/h2' }, ['admin']],
  ['S1 names no host', EnforceService, 'sync', {}, ['admin']],
];

describe.each(Object.entries(protocols))('%s', (_, transportTo) => {
  it.each(rows)('who %s: nobody but those who may', async (_what, service, method, request, allowed) => {
    const target = await address();
    const names = Object.keys(roles) as Role[];
    const outcomes = await Promise.all(
      names.map((name) => outcome(transportTo(target, name), service, method, request)),
    );
    expect(names.filter((_name, i) => outcomes[i] === 'OK')).toEqual(allowed);
    for (const each of outcomes) expect(each).toMatch(/^(OK|PERMISSION_DENIED PERMISSION_DENIED.*)$/);
    expect(reached).toHaveLength(allowed.length);
  });

  it('who shows nothing, or what nobody knows, reaches nothing', async () => {
    const target = await address();
    const call = (token: string | undefined) =>
      outcome(transportTo(target, token), PolicyService, 'getSecurityGroup', { name: group('a') });
    expect(await call(undefined)).toBe('UNAUTHENTICATED CREDENTIALS_MISSING');
    expect(await call('stranger')).toBe('UNAUTHENTICATED CREDENTIALS_UNKNOWN');
    const watch = await outcome(transportTo(target, 'stranger'), PolicyService, 'watch', {});
    expect(watch).toBe('UNAUTHENTICATED CREDENTIALS_UNKNOWN');
    expect(reached).toEqual([]);
  });

  it('health is open', async () => {
    expect(await outcome(transportTo(await address(), undefined), healthV1.Health, 'check', {})).toBe('OK');
  });

  it('a refusal names the field and what it names, however deep', async () => {
    const transport = transportTo(await address(), 'writer');
    const requests = [{ securityGroup: { name: group('a') } }, { securityGroup: { name: group('c') } }];
    const batch = await outcome(transport, PolicyService, 'batchUpdateSecurityGroups', {
      parent: 'projects/a',
      requests,
    });
    expect(batch).toBe('PERMISSION_DENIED PERMISSION_DENIED requests[1].security_group.name projects/c');
    const expansions = [{ remoteSecurityGroups: [group('a'), group('c')] }];
    const rules = await outcome(transport, PolicyService, 'batchCreateSecurityGroupRules', {
      parent: group('a'),
      expansions,
    });
    expect(rules).toBe('PERMISSION_DENIED PERMISSION_DENIED expansions[0].remote_security_groups[1] projects/c');
    expect(reached).toEqual([]);
  });

  it('the log names who calls and who was refused, and never their tokens', async () => {
    lines.length = 0;
    const target = await address();
    await outcome(transportTo(target, 'reader'), PolicyService, 'getSecurityGroup', { name: group('a') });
    await outcome(transportTo(target, 'reader'), PolicyService, 'deleteSecurityGroup', { name: group('a') });
    await outcome(transportTo(target, 'my-secret'), PolicyService, 'getSecurityGroup', { name: group('a') });
    await expect.poll(() => lines.filter(({ msg }) => msg === 'call')).toHaveLength(3);
    expect(lines.filter(({ msg }) => msg === 'call')).toMatchObject([
      { caller: 'reader', method: 'GetSecurityGroup', code: 'OK' },
      { caller: 'reader', method: 'DeleteSecurityGroup', code: 'PERMISSION_DENIED' },
      { code: 'UNAUTHENTICATED' },
    ]);
    expect(lines.filter(({ msg }) => msg === 'refused')).toMatchObject([
      { caller: 'reader', method: 'DeleteSecurityGroup', why: expect.stringContaining('projects/a') },
      { method: 'GetSecurityGroup' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('my-secret');
  });
});

it('reflection is open', async () => {
  const client = createClient(reflectionV1.ServerReflection, dial(await address()));
  async function* questions() {
    yield { messageRequest: { case: 'listServices' as const, value: '' } };
  }
  for await (const { messageResponse } of client.serverReflectionInfo(questions())) {
    expect(messageResponse.case).toBe('listServicesResponse');
  }
});

it('without callers everybody may do everything', async () => {
  const { address: target } = await serve({ services: services.map(stub) });
  expect(await outcome(dial(target), InventoryService, 'watch', {})).toBe('OK');
});

it('a stream ends when its caller is no longer known, and only then', async () => {
  let current = callers;
  let tell: (() => void) | undefined;
  const changing = {
    value: () => current,
    onChange: (listener: () => void) => {
      tell = listener;
      return () => undefined;
    },
  };
  const endless: OpenService = {
    registrations: [
      serviceOf(InventoryService, {
        ...(stub(InventoryService).registrations[0]?.handlers as ServiceImpl<typeof InventoryService>),
        async *watch(_, { signal }) {
          yield {};
          await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        },
      }),
    ],
    ready: () => true,
    close: async () => undefined,
  };
  const { address: target } = await serve({ services: [endless], callers: changing });
  const watching = async (token: string) => {
    const answers = createClient(InventoryService, dial(target, { token: () => token })).watch({});
    const iterator = answers[Symbol.asyncIterator]();
    await iterator.next();
    return iterator;
  };
  const system = await watching('system');
  const admin = await watching('admin');
  current = parseCallers(fileOf({ admin: roles.admin }));
  const end = expect(system.next()).rejects.toMatchObject({ code: Code.Unauthenticated });
  tell?.();
  await end;
  const rest = admin.next();
  expect(await Promise.race([rest, new Promise((resolve) => setTimeout(resolve, 100, 'goes on'))])).toBe('goes on');
  current = parseCallers(fileOf({ admin: roles.reader }));
  tell?.();
  await expect(rest).rejects.toMatchObject({ code: Code.PermissionDenied });
});
