import { type Client, Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import { errorDetails, inventoryV1 } from '@portcullis/api';
import { createLogger } from '@portcullis/runtime';
import { openStore, type Store } from '@portcullis/store';
import { openInventory } from '../index.js';

const log = createLogger('test', { level: 'silent' });

/** Inventory on a store, and a client of it. */
export interface InventoryWorld {
  readonly store: Store;
  readonly client: Client<typeof inventoryV1.InventoryService>;
  close(): Promise<void>;
}

export async function openWorld(url = 'sqlite::memory:'): Promise<InventoryWorld> {
  const store = await openStore(url, { log });
  const service = await openInventory({ store, log });
  const transport = createRouterTransport(({ service: add }) => {
    for (const { service: description, handlers } of service.registrations) add(description, handlers);
  });
  return {
    store,
    client: createClient(inventoryV1.InventoryService, transport),
    close: async () => {
      await service.close();
      await store.close();
    },
  };
}

/** A VPC, a flat network, two hosts and two VMs in project p. */
export async function furnish({ client }: InventoryWorld): Promise<void> {
  const parent = 'projects/p';
  const { VPC, FLAT } = inventoryV1.NetworkKind;
  const cidrs = ['10.0.0.0/24', '2001:db8::/64'];
  await client.createNetwork({ parent, networkId: 'vpc', network: { kind: VPC, cidrs } });
  await client.createNetwork({ parent, networkId: 'flat', network: { kind: FLAT } });
  for (const hostId of ['h1', 'h2']) await client.createHost({ hostId, host: {} });
  for (const vmInstanceId of ['vm1', 'vm2']) await client.createVmInstance({ parent, vmInstanceId, vmInstance: {} });
}

/** What a test says of a NIC. */
export type NicFields = Partial<Omit<inventoryV1.Nic, '$typeName' | '$unknown'>>;

/** A NIC of vm1 on the VPC that is right in every field. */
export function goodNic(more: NicFields = {}) {
  return {
    vmInstance: 'projects/p/vmInstances/vm1',
    network: 'projects/p/networks/vpc',
    macAddress: '52:54:00:00:00:01',
    addresses: ['10.0.0.1', '2001:db8::1'],
    ...more,
  };
}

/** How a call failed, readable. */
export interface Failure {
  readonly code: string;
  readonly reason: string | undefined;
  readonly violations: readonly string[];
  readonly resources: readonly string[];
  readonly subjects: readonly string[];
  readonly message: string;
}

export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    (answer) => new Error(`the call did not fail: ${JSON.stringify(answer, bigintText)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConnectError)) throw error;
  const { ErrorInfoSchema, BadRequestSchema, ResourceInfoSchema, PreconditionFailureSchema } = errorDetails;
  return {
    code: Code[error.code] ?? '',
    reason: error.findDetails(ErrorInfoSchema)[0]?.reason,
    violations: error
      .findDetails(BadRequestSchema)
      .flatMap(({ fieldViolations }) => fieldViolations.map(({ field, reason }) => `${field} ${reason}`)),
    resources: error.findDetails(ResourceInfoSchema).map(({ resourceName }) => resourceName),
    subjects: error
      .findDetails(PreconditionFailureSchema)
      .flatMap(({ violations }) => violations.map(({ subject }) => subject)),
    message: error.rawMessage,
  };
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
