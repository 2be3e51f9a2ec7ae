import { inventoryV1 } from '@portcullis/api';
import { type BatchWorld, batchContract } from '@portcullis/resource/testing/batch-contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, furnish, goodNic, type InventoryWorld, openWorld } from './testing/inventory-world.js';

const parent = 'projects/p';
const { FLAT, VPC } = inventoryV1.NetworkKind;
let world: InventoryWorld;

async function open(): Promise<BatchWorld> {
  world = await openWorld();
  await furnish(world);
  return {
    client: world.client,
    revision: async () => (await world.store.read(async () => undefined)).revision,
    close: () => world.close(),
  };
}

/** A NIC of which nothing is another's. */
const nicOf = (i: number, more = {}) => ({
  parent,
  nicId: `n${i}`,
  nic: goodNic({ macAddress: `52:54:00:00:00:0${i}`, addresses: [`10.0.0.${i}`], ...more }),
});
const bindingOf = (i: number, host: string) => ({
  parent: `${parent}/nics/n${i}`,
  nicBinding: { host, interfaceName: `tap${i}` },
});

batchContract(open, [
  {
    one: 'network',
    many: 'networks',
    parent,
    make: async () => {
      for (const networkId of ['a', 'b'])
        await world.client.createNetwork({ parent, networkId, network: { kind: FLAT } });
      return [`${parent}/networks/a`, `${parent}/networks/b`];
    },
    creation: {
      fresh: [
        { parent, network: { kind: FLAT } },
        { parent, networkId: 'c', network: { kind: VPC, cidrs: ['10.0.0.0/8'] } },
      ],
      taken: { parent, networkId: 'a', network: { kind: FLAT } },
      wrong: [{}, ['parent FIELD_REQUIRED', 'network.kind FIELD_REQUIRED']],
    },
  },
  {
    one: 'host',
    many: 'hosts',
    parent: undefined,
    make: async () => ['hosts/h1', 'hosts/h2'],
    creation: {
      fresh: [{ hostId: 'h3' }, { host: {} }],
      taken: { hostId: 'h2' },
      wrong: [{ hostId: '-' }, ['host_id RESOURCE_ID_MALFORMED']],
    },
  },
  {
    one: 'vmInstance',
    many: 'vmInstances',
    parent,
    make: async () => [`${parent}/vmInstances/vm1`, `${parent}/vmInstances/vm2`],
    creation: {
      fresh: [{ parent, vmInstanceId: 'vm3' }, { parent }],
      taken: { parent, vmInstanceId: 'vm1' },
      wrong: [{}, ['parent FIELD_REQUIRED']],
    },
  },
  {
    one: 'nic',
    many: 'nics',
    parent,
    make: async () => {
      for (const i of [1, 2]) await world.client.createNic(nicOf(i));
      return [`${parent}/nics/n1`, `${parent}/nics/n2`];
    },
    creation: {
      fresh: [nicOf(4), nicOf(3)],
      taken: { ...nicOf(5), nicId: 'n2' },
      wrong: [
        {},
        [
          'parent FIELD_REQUIRED',
          'nic.vm_instance FIELD_REQUIRED',
          'nic.network FIELD_REQUIRED',
          'nic.mac_address MAC_MALFORMED',
        ],
      ],
    },
  },
  {
    one: 'nicBinding',
    many: 'nicBindings',
    parent,
    make: async () => {
      for (const i of [1, 2]) {
        await world.client.createNic(nicOf(i));
        await world.client.createNicBinding(bindingOf(i, 'hosts/h1'));
      }
      return [`${parent}/nics/n1/bindings/h1`, `${parent}/nics/n2/bindings/h1`];
    },
    creation: {
      fresh: [bindingOf(2, 'hosts/h2'), bindingOf(1, 'hosts/h2')],
      taken: bindingOf(1, 'hosts/h1'),
      wrong: [
        {},
        ['parent FIELD_REQUIRED', 'nic_binding.host FIELD_REQUIRED', 'nic_binding.interface_name FIELD_REQUIRED'],
      ],
    },
  },
]);

describe('in a batch', () => {
  beforeEach(async () => {
    await open();
  });
  afterEach(() => world.close());

  it('what only the store can tell is told of all requests, with what the requests tell themselves', async () => {
    const requests = [
      nicOf(1, { addresses: ['10.0.1.1'] }),
      nicOf(2),
      nicOf(3, { macAddress: 'x', addresses: ['10.0.0.3', '10.0.2.3'] }),
      { ...nicOf(4), validateOnly: true },
    ];
    expect(await failureOf(world.client.batchCreateNics({ parent, requests }))).toMatchObject({
      violations: [
        'requests[3].validate_only FIELD_NOT_SETTABLE',
        'requests[0].nic.addresses[0] ADDRESS_OUTSIDE_NETWORK',
        'requests[2].nic.mac_address MAC_MALFORMED',
        'requests[2].nic.addresses[1] ADDRESS_OUTSIDE_NETWORK',
      ],
    });
    const updateMask = { paths: ['cidrs'] };
    const missing = (id: string) => ({ network: { name: `${parent}/networks/${id}` }, updateMask, allowMissing: true });
    const call = world.client.batchUpdateNetworks({ parent, requests: [missing('x'), missing('flat'), missing('y')] });
    expect(await failureOf(call)).toMatchObject({
      violations: ['requests[0].network.kind FIELD_REQUIRED', 'requests[2].network.kind FIELD_REQUIRED'],
    });
  });

  it('an address or an interface that another request takes is refused, and the error says which request', async () => {
    const address = { addresses: ['10.0.0.1'] };
    const nics = world.client.batchCreateNics({ parent, requests: [nicOf(1), nicOf(2, address)] });
    expect(await failureOf(nics)).toMatchObject({
      code: 'AlreadyExists',
      reason: 'RESOURCE_ALREADY_EXISTS',
      resources: [`${parent}/nics/n1`],
      request: 'requests[1]',
      message: 'requests[1]: address 10.0.0.1 in routing domain projects/p/networks/vpc belongs to projects/p/nics/n1',
    });
    await world.client.batchCreateNics({ parent, requests: [nicOf(1), nicOf(2)] });
    const requests = [
      bindingOf(1, 'hosts/h1'),
      { ...bindingOf(2, 'hosts/h1'), nicBinding: bindingOf(1, 'hosts/h1').nicBinding },
    ];
    expect(await failureOf(world.client.batchCreateNicBindings({ parent, requests }))).toMatchObject({
      code: 'AlreadyExists',
      request: 'requests[1]',
    });
  });

  it('NICs swap their addresses', async () => {
    await world.client.batchCreateNics({ parent, requests: [nicOf(1), nicOf(2)] });
    const requests = [1, 2].map((i) => ({
      nic: { name: `${parent}/nics/n${i}`, addresses: [`10.0.0.${3 - i}`] },
      updateMask: { paths: ['addresses'] },
    }));
    await world.client.batchUpdateNics({ parent, requests });
    const { nics } = await world.client.listNics({ parent });
    expect(nics.map(({ addresses }) => addresses)).toEqual([['10.0.0.2'], ['10.0.0.1']]);
  });

  it('what stands in the way of a deletion is listed', async () => {
    await world.client.createNic(nicOf(1));
    const requests = ['flat', 'vpc'].map((id) => ({ name: `${parent}/networks/${id}` }));
    expect(await failureOf(world.client.batchDeleteNetworks({ parent, requests }))).toMatchObject({
      code: 'FailedPrecondition',
      reason: 'NETWORK_IN_USE',
      subjects: [`${parent}/nics/n1`],
      request: 'requests[1]',
    });
    expect((await world.client.listNetworks({ parent })).networks).toHaveLength(2);
  });

  it('500 NICs are made and read', async () => {
    const requests = Array.from({ length: 500 }, (_, i) => {
      const octets = [i >> 8, i & 255].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
      const network = `${parent}/networks/flat`;
      return {
        parent,
        nicId: `many${i}`,
        nic: goodNic({ network, macAddress: `52:54:00:01:${octets}`, addresses: [] }),
      };
    });
    const { nics } = await world.client.batchCreateNics({ parent, requests });
    expect(nics.map(({ name }) => name)).toEqual(requests.map(({ nicId }) => `${parent}/nics/${nicId}`));
    const names = nics.map(({ name }) => name).toReversed();
    expect((await world.client.batchGetNics({ parent: 'projects/-', names })).nics).toEqual(nics.toReversed());
  });

  it('what would not fit into a message is neither answered nor done', async () => {
    const entries = Array.from({ length: 64 }, (_, i) => [`k${i}`.padEnd(63, 'x'), 'v'.repeat(63)] as const);
    const host = { description: 'x'.repeat(1000), labels: Object.fromEntries(entries) };
    const ids = Array.from({ length: 500 }, (_, i) => `large${i}`);
    for (const part of [ids.slice(0, 250), ids.slice(250)]) {
      await world.client.batchCreateHosts({ requests: part.map((hostId) => ({ hostId, host })) });
    }
    const tooLarge = { code: 'ResourceExhausted', reason: 'ANSWER_TOO_LARGE' };
    const names = ids.map((id) => `hosts/${id}`);
    expect(await failureOf(world.client.batchGetHosts({ names }))).toMatchObject(tooLarge);
    const updateMask = { paths: ['display_name'] };
    const requests = names.map((name) => ({ host: { name, displayName: 'new' }, updateMask }));
    for (const validateOnly of [true, false]) {
      expect(await failureOf(world.client.batchUpdateHosts({ requests, validateOnly }))).toMatchObject(tooLarge);
    }
    expect((await world.client.getHost({ name: 'hosts/large0' })).host?.displayName).toBe('');
    expect((await world.client.batchUpdateHosts({ requests: requests.slice(250) })).hosts).toHaveLength(250);
  });
});
