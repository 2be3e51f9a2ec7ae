import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, furnish, goodNic, type InventoryWorld, openWorld } from './testing/inventory-world.js';

let world: InventoryWorld;
const parent = 'projects/p';

beforeEach(async () => {
  world = await openWorld();
  await furnish(world);
});
afterEach(() => world.close());

const revision = async () => (await world.store.read(async () => undefined)).revision;

describe('a request with an id', () => {
  it('is answered alike when it is repeated, one after the other or at the same time, and carried out once', async () => {
    const request = { parent, nic: goodNic(), requestId: randomUUID() };
    const [first, twin] = await Promise.all([world.client.createNic(request), world.client.createNic(request)]);
    expect(twin).toEqual(first);
    expect(await world.client.createNic(request)).toEqual(first);
    expect((await world.client.listNics({ parent })).nics).toEqual([first.nic]);
  });

  it('may delete, and is still answered alike', async () => {
    const request = { name: 'hosts/h1', requestId: randomUUID() };
    const first = await world.client.deleteHost(request);
    expect(await world.client.deleteHost(request)).toEqual(first);
    const other = world.client.deleteHost({ ...request, name: 'hosts/h2' });
    expect(await failureOf(other)).toMatchObject({ violations: ['request_id REQUEST_ID_REUSED'] });
  });
});

describe('a request that only validates', () => {
  it('answers as the real call would, and changes nothing', async () => {
    const before = await revision();
    const { nic } = await world.client.createNic({ parent, nicId: 'n', nic: goodNic(), validateOnly: true });
    expect(nic).toMatchObject({ name: 'projects/p/nics/n', addresses: ['10.0.0.1', '2001:db8::1'] });
    await world.client.deleteVmInstance({ name: 'projects/p/vmInstances/vm1', validateOnly: true });
    expect(await revision()).toBe(before);
    expect((await world.client.listNics({ parent })).nics).toEqual([]);
  });

  it('fails as the real call would', async () => {
    await world.client.createNic({ parent, nic: goodNic() });
    const twin = world.client.createNic({ parent, nic: goodNic(), validateOnly: true });
    expect(await failureOf(twin)).toMatchObject({ code: 'AlreadyExists' });
    const used = world.client.deleteNetwork({ name: 'projects/p/networks/vpc', validateOnly: true });
    expect(await failureOf(used)).toMatchObject({ reason: 'NETWORK_IN_USE' });
  });
});
