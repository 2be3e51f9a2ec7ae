import { inventoryV1 } from '@portcullis/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, furnish, goodNic, type InventoryWorld, openWorld } from './testing/inventory-world.js';

let world: InventoryWorld;
const parent = 'projects/p';
const labels = { tier: 'web' };
const updateMask = { paths: ['description', 'labels'] };
const mismatch = { code: 'Aborted', reason: 'ETAG_MISMATCH' };

beforeEach(async () => {
  world = await openWorld();
  await furnish(world);
  await world.client.createNic({ parent, nicId: 'n', nic: goodNic() });
});
afterEach(() => world.close());

/** The four kinds that can be updated, each by what it can be made of. */
const kinds = ['network', 'host', 'vmInstance', 'nic'] as const;
type Sent = { name: string; etag?: string; description?: string; labels?: Record<string, string> };

function methodsOf(kind: (typeof kinds)[number]) {
  const { client } = world;
  const { FLAT } = inventoryV1.NetworkKind;
  const freshNic = goodNic({ macAddress: '52:54:00:00:00:02', addresses: [] });
  switch (kind) {
    case 'network':
      return {
        name: 'projects/p/networks/flat',
        fresh: 'projects/p/networks/fresh',
        update: async (network: Sent, allowMissing = false) =>
          (await client.updateNetwork({ network: { kind: FLAT, ...network }, updateMask, allowMissing })).network,
        remove: (request: { name: string; etag?: string; allowMissing?: boolean }) => client.deleteNetwork(request),
      };
    case 'host':
      return {
        name: 'hosts/h1',
        fresh: 'hosts/fresh',
        update: async (host: Sent, allowMissing = false) =>
          (await client.updateHost({ host, updateMask, allowMissing })).host,
        remove: (request: { name: string; etag?: string; allowMissing?: boolean }) => client.deleteHost(request),
      };
    case 'vmInstance':
      return {
        name: 'projects/p/vmInstances/vm2',
        fresh: 'projects/p/vmInstances/fresh',
        update: async (vmInstance: Sent, allowMissing = false) =>
          (await client.updateVmInstance({ vmInstance, updateMask, allowMissing })).vmInstance,
        remove: (request: { name: string; etag?: string; allowMissing?: boolean }) => client.deleteVmInstance(request),
      };
    case 'nic':
      return {
        name: 'projects/p/nics/n',
        fresh: 'projects/p/nics/fresh',
        update: async (nic: Sent, allowMissing = false) =>
          (await client.updateNic({ nic: { ...freshNic, ...nic }, updateMask, allowMissing })).nic,
        remove: (request: { name: string; etag?: string; allowMissing?: boolean }) => client.deleteNic(request),
      };
  }
}

describe.each(kinds)('a %s', (kind) => {
  it('has labels, a description, and an etag that guards it', async () => {
    const { name, update, remove } = methodsOf(kind);
    const first = await update({ name, description: 'first', labels });
    expect(first).toMatchObject({ description: 'first', labels, etag: expect.stringMatching(/^[\w-]{16}$/) });
    const etag = first?.etag ?? '';
    const second = await update({ name, description: 'second', etag });
    expect(second).toMatchObject({ description: 'second', labels: {} });
    expect(await failureOf(update({ name, description: 'third', etag }))).toMatchObject(mismatch);
    expect(await failureOf(remove({ name, etag }))).toMatchObject(mismatch);
    await remove({ name, etag: second?.etag ?? '' });
    await remove({ name, allowMissing: true });
    expect(await failureOf(remove({ name }))).toMatchObject({ code: 'NotFound' });
  });

  it('is made by an update that allows it to be missing', async () => {
    const { fresh, update } = methodsOf(kind);
    expect(await failureOf(update({ name: fresh }))).toMatchObject({ code: 'NotFound' });
    const made = await update({ name: fresh, labels }, true);
    expect(made).toMatchObject({ name: fresh, labels, uid: expect.stringMatching(/-/) });
    expect(await update({ name: fresh, labels }, true)).toEqual(made);
  });
});

it('a network that cannot be made from an update is refused', async () => {
  const network = { name: 'projects/p/networks/fresh' };
  const call = world.client.updateNetwork({ network, updateMask, allowMissing: true });
  expect(await failureOf(call)).toMatchObject({ violations: ['network.kind FIELD_REQUIRED'] });
});

it('a binding has an etag that guards it', async () => {
  const nicBinding = { host: 'hosts/h1', interfaceName: 'tap0' };
  const made = await world.client.createNicBinding({ parent: 'projects/p/nics/n', nicBinding });
  const { name = '', etag = '' } = made.nicBinding ?? {};
  expect(await failureOf(world.client.deleteNicBinding({ name, etag: 'x' }))).toMatchObject(mismatch);
  await world.client.deleteNicBinding({ name, etag });
  await world.client.deleteNicBinding({ name, allowMissing: true });
});
