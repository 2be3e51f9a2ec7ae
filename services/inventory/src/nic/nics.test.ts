import { inventoryV1 } from '@portcullis/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  failureOf,
  furnish,
  goodNic,
  type InventoryWorld,
  type NicFields,
  openWorld,
} from '../testing/inventory-world.js';

const parent = 'projects/p';
const { EgressDefault } = inventoryV1;

describe('NICs', () => {
  let world: InventoryWorld;
  let client: InventoryWorld['client'];

  beforeEach(async () => {
    world = await openWorld();
    client = world.client;
    await furnish(world);
  });
  afterEach(() => world.close());

  const createNic = (nicId: string, more: NicFields = {}) => client.createNic({ parent, nicId, nic: goodNic(more) });

  it('are stored in canonical form', async () => {
    const { nic } = await createNic('n1', {
      macAddress: '52:54:00:AB:CD:EF',
      addresses: ['2001:DB8:0::1', '10.0.0.7', '2001:db8::1'],
    });
    expect(nic).toMatchObject({
      macAddress: '52:54:00:ab:cd:ef',
      addresses: ['2001:db8::1', '10.0.0.7'],
      egressDefault: EgressDefault.AUTO,
      antiSpoofing: false,
    });
  });

  it('need their VM and their network, and the answer names what is missing', async () => {
    const vmInstance = 'projects/p/vmInstances/none';
    const network = 'projects/p/networks/none';
    expect(await failureOf(createNic('n1', { vmInstance, network }))).toMatchObject({
      code: 'NotFound',
      resources: [vmInstance, network],
    });
  });

  it('have their addresses alone in their routing domain, and their MAC on their network', async () => {
    await createNic('n1');
    const other = { vmInstance: 'projects/p/vmInstances/vm2' };
    const holder = { code: 'AlreadyExists', resources: ['projects/p/nics/n1'] };
    expect(await failureOf(createNic('n2', { ...other, addresses: [] }))).toMatchObject(holder);
    const mac = '52:54:00:00:00:02';
    const address = createNic('n2', { ...other, macAddress: mac, addresses: ['2001:db8:0::1'] });
    const failure = await failureOf(address);
    expect(failure).toMatchObject(holder);
    expect(failure.message).toContain('address 2001:db8::1 in routing domain projects/p/networks/vpc');
    await createNic('n3', { ...other, network: 'projects/p/networks/flat' });
  });

  it('free what they leave', async () => {
    await createNic('n1');
    await client.updateNic({
      nic: { name: 'projects/p/nics/n1', addresses: ['10.0.0.2'] },
      updateMask: { paths: ['addresses'] },
    });
    await createNic('n2', { macAddress: '52:54:00:00:00:02', addresses: ['10.0.0.1'] });
    await client.deleteNic({ name: 'projects/p/nics/n1' });
    await createNic('n1', { addresses: ['10.0.0.2'] });
  });

  it('change addresses, anti-spoofing and egress default, and keep the rest', async () => {
    const { nic: before } = await createNic('n1');
    const name = 'projects/p/nics/n1';
    const { nic } = await client.updateNic({
      nic: { name, antiSpoofing: true, egressDefault: EgressDefault.DENY, addresses: [] },
      updateMask: { paths: ['anti_spoofing', 'egress_default'] },
    });
    expect(nic).toMatchObject({
      antiSpoofing: true,
      egressDefault: EgressDefault.DENY,
      addresses: before?.addresses,
      uid: before?.uid,
    });
    const clash = client.updateNic({ nic: { name: 'projects/p/nics/none' }, updateMask: { paths: ['addresses'] } });
    expect(await failureOf(clash)).toMatchObject({ code: 'NotFound', resources: ['projects/p/nics/none'] });
  });

  it('are got in the order they are asked for, all or none', async () => {
    await createNic('n1');
    await createNic('n2', { macAddress: '52:54:00:00:00:02', addresses: [] });
    const names = ['n2', 'n1', 'n2'].map((id) => `projects/p/nics/${id}`);
    expect((await client.batchGetNics({ parent: 'projects/-', names })).nics.map(({ name }) => name)).toEqual(names);
    const missing = ['x', 'n1', 'y', 'x'].map((id) => `projects/p/nics/${id}`);
    expect(await failureOf(client.batchGetNics({ parent, names: missing }))).toMatchObject({
      code: 'NotFound',
      reason: 'RESOURCE_NOT_FOUND',
      resources: ['projects/p/nics/x', 'projects/p/nics/y'],
    });
  });
});
