import { create } from '@bufbuild/protobuf';
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
const { AddressPairSchema, EgressDefault } = inventoryV1;

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
      antiSpoofing: true,
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
      nic: { name, antiSpoofing: false, logDrops: true, egressDefault: EgressDefault.DENY, addresses: [] },
      updateMask: { paths: ['anti_spoofing', 'egress_default', 'log_drops'] },
    });
    expect(nic).toMatchObject({
      logDrops: true,
      antiSpoofing: false,
      egressDefault: EgressDefault.DENY,
      addresses: before?.addresses,
      uid: before?.uid,
    });
    const updateMask = { paths: ['anti_spoofing'] };
    expect((await client.updateNic({ nic: { name }, updateMask })).nic?.antiSpoofing).toBe(true);
    const clash = client.updateNic({ nic: { name: 'projects/p/nics/none' }, updateMask: { paths: ['addresses'] } });
    expect(await failureOf(clash)).toMatchObject({ code: 'NotFound', resources: ['projects/p/nics/none'] });
  });

  it('answer their allowed address pairs masked, with a MAC, each once; an update replaces them', async () => {
    const pair = (cidr: string, macAddress = '') => create(AddressPairSchema, { cidr, macAddress });
    const allowedAddressPairs = [
      pair('10.0.0.200'),
      pair('2001:DB8::7/64', '00:00:5E:00:01:07'),
      pair('10.0.0.200/32'),
      pair('0.0.0.0/0'),
    ];
    const { nic: made } = await createNic('n1', { allowedAddressPairs });
    const pairsOf = (nic: typeof made) => nic?.allowedAddressPairs.map(({ cidr, macAddress }) => [cidr, macAddress]);
    expect(pairsOf(made)).toEqual([
      ['10.0.0.200/32', made?.macAddress],
      ['2001:db8::/64', '00:00:5e:00:01:07'],
      ['0.0.0.0/0', made?.macAddress],
    ]);
    const update = (pairs: inventoryV1.AddressPair[], paths: string[]) =>
      client.updateNic({ nic: { name: made?.name ?? '', allowedAddressPairs: pairs }, updateMask: { paths } });
    expect(pairsOf((await update([], ['anti_spoofing'])).nic)).toHaveLength(3);
    const { nic } = await update([pair('10.0.0.201')], ['allowed_address_pairs']);
    expect(pairsOf(nic)).toEqual([['10.0.0.201/32', made?.macAddress]]);
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
