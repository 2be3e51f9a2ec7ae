import { type Client, createClient, createRouterTransport } from '@connectrpc/connect';
import { inventoryV1 } from '@portcullis/api';
import { createLogger } from '@portcullis/runtime';
import { openStore, type Store } from '@portcullis/store';
import { openInventory } from '../index.js';

export { failureOf } from '@portcullis/resource/testing';

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
