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
const { NicBindingState } = inventoryV1;

describe('bindings', () => {
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

  it('are active unless said otherwise', async () => {
    await createNic('n1');
    const { nicBinding } = await bind('n1', 'hosts/h1', 'vnic3.0');
    expect(nicBinding).toMatchObject({ name: 'projects/p/nics/n1/bindings/h1', state: NicBindingState.ACTIVE });
    const nicBindingOfTarget = { host: 'hosts/h2', interfaceName: 'vnic3.0', state: NicBindingState.STAGED };
    await client.createNicBinding({ parent: 'projects/p/nics/n1', nicBinding: nicBindingOfTarget });
    const { nicBindings } = await client.listNicBindings({ parent: 'projects/p/nics/n1' });
    expect(nicBindings.map(({ state }) => state)).toEqual([NicBindingState.ACTIVE, NicBindingState.STAGED]);
  });

  it('need their NIC and their host', async () => {
    expect(await failureOf(bind('none', 'hosts/none', 'tap0'))).toMatchObject({
      code: 'NotFound',
      resources: ['projects/p/nics/none', 'hosts/none'],
    });
  });

  it('are listed of a NIC that exists, or of all NICs of a project', async () => {
    expect(await failureOf(client.listNicBindings({ parent: 'projects/p/nics/none' }))).toMatchObject({
      code: 'NotFound',
      resources: ['projects/p/nics/none'],
    });
    expect((await client.listNicBindings({ parent: 'projects/q/nics/-' })).nicBindings).toEqual([]);
  });

  it('have their interface name alone on their host', async () => {
    await createNic('n1');
    await createNic('n2', { macAddress: '52:54:00:00:00:02', addresses: [] });
    await bind('n1', 'hosts/h1', 'tap0');
    const first = { code: 'AlreadyExists', resources: ['projects/p/nics/n1/bindings/h1'] };
    expect(await failureOf(bind('n1', 'hosts/h1', 'tap1'))).toMatchObject(first);
    expect(await failureOf(bind('n2', 'hosts/h1', 'tap0'))).toMatchObject(first);
    await client.deleteNicBinding({ name: 'projects/p/nics/n1/bindings/h1' });
    await bind('n2', 'hosts/h1', 'tap0');
    expect((await client.listNicBindings({ parent: 'projects/p/nics/-' })).nicBindings).toHaveLength(1);
  });

  it('become active and staged again by an update, which keeps all that it does not name', async () => {
    await createNic('n1');
    const nicBinding = { host: 'hosts/h1', interfaceName: 'tap0', bridgeName: 'br0', description: 'from h1' };
    const made = await client.createNicBinding({
      parent: `${parent}/nics/n1`,
      nicBinding: { ...nicBinding, state: NicBindingState.STAGED },
    });
    const { name = '', etag = '' } = made.nicBinding ?? {};
    expect(made.nicBinding).toMatchObject({ uid: expect.stringMatching(/-/), updateTime: made.nicBinding?.createTime });
    const { ACTIVE, STAGED } = NicBindingState;
    const update = async (state: inventoryV1.NicBindingState, more = {}) =>
      client.updateNicBinding({ nicBinding: { name, state, ...more }, updateMask: { paths: ['state'] } });
    const active = (await update(ACTIVE, { etag, description: 'not named' })).nicBinding;
    expect(active).toEqual({
      ...made.nicBinding,
      state: ACTIVE,
      etag: active?.etag,
      updateTime: active?.updateTime,
    });
    expect(active?.etag).not.toBe(etag);
    expect(await failureOf(update(STAGED, { etag }))).toMatchObject({ reason: 'ETAG_MISMATCH' });
    expect((await update(STAGED)).nicBinding).toMatchObject({ ...nicBinding, state: STAGED });
    expect(await failureOf(update(ACTIVE, { name: `${name}x` }))).toMatchObject({ code: 'NotFound' });
    await createNic('n2', { macAddress: '52:54:00:00:00:02', addresses: [] });
    expect(await failureOf(bind('n2', 'hosts/h1', 'tap0'))).toMatchObject({ code: 'AlreadyExists', resources: [name] });
  });

  it('carry labels and a description for their owners', async () => {
    await createNic('n1');
    await bind('n1', 'hosts/h1', 'tap0');
    const name = 'projects/p/nics/n1/bindings/h1';
    const updateMask = { paths: ['labels', 'description'] };
    const nicBinding = { name, labels: { move: '7' }, description: 'of move 7' };
    const answer = await client.updateNicBinding({ nicBinding, updateMask });
    expect(answer.nicBinding).toMatchObject({ ...nicBinding, state: NicBindingState.ACTIVE });
    const { nicBindings } = await client.listNicBindings({ parent: 'projects/p/nics/-', filter: 'labels.move = 7' });
    expect(nicBindings).toEqual([answer.nicBinding]);
  });
});
