import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, furnish, goodNic, type InventoryWorld, openWorld } from './testing/inventory-world.js';
import { type InvalidRequest, invalidRequests } from './validation.cases.js';

describe('a request with something wrong', () => {
  let world: InventoryWorld;

  beforeAll(async () => {
    world = await openWorld();
    await furnish(world);
    await world.client.createNic({ parent: 'projects/p', nicId: 'n1', nic: goodNic() });
  });
  afterAll(() => world.close());

  it.each(invalidRequests)('%s %j: %j', async (...[method, request, violations]: InvalidRequest) => {
    const { revision } = await world.store.read(async () => undefined);
    const call = world.client[method] as (request: object) => Promise<unknown>;
    expect(await failureOf(call(request))).toMatchObject({
      code: 'InvalidArgument',
      reason: violations[0]?.split(' ')[1],
      violations,
    });
    expect((await world.store.read(async () => undefined)).revision).toBe(revision);
  });

  it('is told the value and what is allowed', async () => {
    const nic = goodNic({ macAddress: '01:00:5e:00:00:01', addresses: ['10.0.1.1'] });
    expect((await failureOf(world.client.createNic({ parent: 'projects/p', nic }))).message).toBe(
      'nic.mac_address: "01:00:5e:00:00:01" is not the address of one NIC; ' +
        'nic.addresses[0]: "10.0.1.1" is not in 10.0.0.0/24, 2001:db8::/64',
    );
  });
});
