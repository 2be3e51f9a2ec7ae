import { type Client, createClient, createRouterTransport, type Transport } from '@connectrpc/connect';
import { inventoryV1, policyV1 } from '@portcullis/api';
import { openInventory } from '@portcullis/inventory';
import { openPolicy } from '@portcullis/policy';
import { failureOf } from '@portcullis/resource/testing';
import type { OpenService } from '@portcullis/rpc';
import { createLogger } from '@portcullis/runtime';
import { openStore } from '@portcullis/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const log = createLogger('test', { level: 'silent' });
const parent = 'projects/p';
const network = (id: string) => `${parent}/networks/${id}`;
const vm = (id: string) => `${parent}/vmInstances/${id}`;
const nic = (id: string) => `${parent}/nics/${id}`;
const securityGroup = `${parent}/securityGroups/g`;
const closings: (() => Promise<unknown>)[] = [];

function transportOf({ registrations }: OpenService): Transport {
  return createRouterTransport((router) => {
    for (const { service, handlers } of registrations) router.service(service, handlers);
  });
}

describe('policy and inventory', () => {
  let inventory: Client<typeof inventoryV1.InventoryService>;
  let policy: Client<typeof policyV1.PolicyService>;

  beforeAll(async () => {
    const stores = await Promise.all(
      ['inventory', 'policy'].map((owner) => openStore('sqlite::memory:', { log, owner })),
    );
    const [inventoryStore, policyStore] = stores as [(typeof stores)[0], (typeof stores)[0]];
    const inventoryService = await openInventory({ store: inventoryStore, log });
    const transport = transportOf(inventoryService);
    const policyService = await openPolicy({ store: policyStore, inventory: transport, log });
    closings.push(policyService.close, inventoryService.close, ...stores.map((store) => () => store.close()));
    inventory = createClient(inventoryV1.InventoryService, transport);
    policy = createClient(policyV1.PolicyService, transportOf(policyService));

    for (const [i, id] of ['a', 'b'].entries()) {
      await inventory.createNetwork({
        parent,
        networkId: id,
        network: { kind: inventoryV1.NetworkKind.FLAT, cidrs: [`10.${i}.0.0/24`] },
      });
    }
    for (const id of ['v', 'w']) await inventory.createVmInstance({ parent, vmInstanceId: id, vmInstance: {} });
    for (const [id, vmInstance, on, address] of [
      ['v-a', 'v', 'a', '10.0.0.1'],
      ['v-b', 'v', 'b', '10.1.0.1'],
      ['w-a', 'w', 'a', '10.0.0.2'],
    ] as const) {
      const macAddress = `02:00:00:00:0${address.slice(3, 4)}:0${address.slice(-1)}`;
      await inventory.createNic({
        parent,
        nicId: id,
        nic: { vmInstance: vm(vmInstance), network: network(on), macAddress, addresses: [address] },
      });
    }
    await policy.createSecurityGroup({ parent, securityGroupId: 'g', securityGroup: {} });
    await policy.attachNetworks({ securityGroup, networks: [network('a'), network('b')] });
  });
  afterAll(async () => {
    for (const close of closings) await close();
  });

  it('agree about who could join a group, and a VM joins and leaves with all of its NICs', async () => {
    const candidates = async (filter: string, orderBy = '') => {
      const { candidateNics } = await policy.listCandidateNics({ securityGroup, filter, orderBy });
      return candidateNics.map((each) => each.nic);
    };
    expect(await candidates('', 'name desc')).toEqual([nic('w-a'), nic('v-b'), nic('v-a')]);
    expect(await candidates(`vm_instance = "${vm('v')}" AND network = "${network('b')}"`)).toEqual([nic('v-b')]);
    await policy.addVmInstance({ vmInstance: vm('v'), securityGroups: [securityGroup] });
    expect(await candidates('')).toEqual([nic('w-a')]);
    await policy.removeVmInstance({ vmInstance: vm('v'), securityGroups: [securityGroup] });
    expect(await candidates('')).toEqual([nic('v-a'), nic('v-b'), nic('w-a')]);
  });

  it.each([
    ['name =', 'filter FILTER_MALFORMED'],
    ['name = a) OR (name:*', 'filter FILTER_MALFORMED'],
    ['nope = 1', 'filter FILTER_MALFORMED'],
  ])('refuse the filter %j of candidates alike', async (filter, violation) => {
    expect(await failureOf(policy.listCandidateNics({ securityGroup, filter }))).toMatchObject({
      code: 'InvalidArgument',
      violations: [violation],
    });
    expect(await failureOf(inventory.listNics({ parent, filter }))).toMatchObject({ violations: [violation] });
  });

  it('refuse an order of candidates that inventory does not know', async () => {
    expect(await failureOf(policy.listCandidateNics({ securityGroup, orderBy: 'mac' }))).toMatchObject({
      violations: ['order_by ORDER_BY_MALFORMED'],
    });
  });

  it('a VM without NICs is told from one that does not exist', async () => {
    await inventory.createVmInstance({ parent, vmInstanceId: 'bare', vmInstance: {} });
    const add = (id: string) => policy.addVmInstance({ vmInstance: vm(id), securityGroups: [securityGroup] });
    expect(await failureOf(add('bare'))).toMatchObject({ reason: 'VM_INSTANCE_WITHOUT_NICS' });
    expect(await failureOf(add('none'))).toMatchObject({ code: 'NotFound', resources: [vm('none')] });
  });
});
