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
const { VmInstanceState } = inventoryV1;

describe('hosts and VMs', () => {
  let world: InventoryWorld;
  let client: InventoryWorld['client'];

  beforeEach(async () => {
    world = await openWorld();
    client = world.client;
    await furnish(world);
  });
  afterEach(() => world.close());

  const createNic = (nicId: string, more: NicFields = {}) => client.createNic({ parent, nicId, nic: goodNic(more) });
  const bind = (nicId: string, host: string, interfaceName: string) =>
    client.createNicBinding({ parent: `${parent}/nics/${nicId}`, nicBinding: { host, interfaceName } });

  it('a host stays while NICs are bound to it', async () => {
    await createNic('n1');
    await bind('n1', 'hosts/h1', 'tap0');
    expect(await failureOf(client.deleteHost({ name: 'hosts/h1' }))).toMatchObject({
      code: 'FailedPrecondition',
      reason: 'HOST_IN_USE',
      subjects: ['projects/p/nics/n1/bindings/h1'],
    });
    await client.deleteNicBinding({ name: 'projects/p/nics/n1/bindings/h1' });
    await client.deleteHost({ name: 'hosts/h1' });
    expect((await client.listHosts({})).hosts.map(({ name }) => name)).toEqual(['hosts/h2']);
    expect(await failureOf(client.deleteHost({ name: 'hosts/h1' }))).toMatchObject({ code: 'NotFound' });
  });

  it('a VM is stopped unless said otherwise, and changes its state', async () => {
    const name = 'projects/p/vmInstances/vm1';
    expect((await client.getVmInstance({ name })).vmInstance?.state).toBe(VmInstanceState.STOPPED);
    const vmInstance = { name, state: VmInstanceState.RUNNING };
    await client.updateVmInstance({ vmInstance, updateMask: { paths: ['state'] } });
    expect((await client.getVmInstance({ name })).vmInstance?.state).toBe(VmInstanceState.RUNNING);
  });

  it('a VM goes with its NICs and their bindings, in one commit', async () => {
    await createNic('n1');
    await createNic('n2', {
      macAddress: '52:54:00:00:00:02',
      addresses: [],
      vmInstance: `${parent}/vmInstances/vm2`,
    });
    await bind('n1', 'hosts/h1', 'tap0');
    await bind('n1', 'hosts/h2', 'tap0');
    const { revision } = await world.store.read(async () => undefined);
    await client.deleteVmInstance({ name: 'projects/p/vmInstances/vm1' });
    const [commit, ...more] = (await world.store.log(revision, 9)) ?? [];
    expect(commit?.changes.map(({ name, body }) => body ?? name).toSorted()).toEqual([
      'projects/p/nics/n1',
      'projects/p/nics/n1/bindings/h1',
      'projects/p/nics/n1/bindings/h2',
      'projects/p/vmInstances/vm1',
    ]);
    expect(more).toEqual([]);
    expect((await client.listNics({ parent })).nics.map(({ name }) => name)).toEqual(['projects/p/nics/n2']);
  });
});
