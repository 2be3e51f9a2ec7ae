import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { group, network, nic, openWorld, type PolicyWorld } from '../testing/policy-world.js';

describe('housekeeping', () => {
  let world: PolicyWorld;

  beforeEach(async () => {
    world = await openWorld();
    for (const id of ['g', 'h']) {
      const securityGroup = group(id);
      await world.createGroup(id);
      await world.client.attachNetworks({ securityGroup, networks: [network('net1'), network('net2')] });
      await world.client.addNics({ securityGroup, nics: [nic('n1'), nic('n2'), nic('n3')] });
    }
  });
  afterEach(() => world.close());

  async function expectMembers(expected: readonly string[]): Promise<void> {
    await vi.waitFor(
      async () => {
        expect(await world.membersOf('g')).toEqual(expected);
        expect(await world.membersOf('h')).toEqual(expected);
      },
      { timeout: 5000 },
    );
  }

  const networksOf = async (id: string) =>
    (await world.client.getSecurityGroup({ name: group(id) })).securityGroup?.networks;

  it('takes a NIC that is gone out of its groups', async () => {
    world.inventory.removeNic(nic('n1'));
    await expectMembers(['n2', 'n3']);
  });

  it('a later NIC of the same name inherits nothing', async () => {
    world.inventory.removeNic(nic('n1'));
    world.inventory.addNic(nic('n1'), network('net1'));
    await expectMembers(['n2', 'n3']);
  });

  it('leaves the memberships of a later NIC alone', async () => {
    world.inventory.removeNic(nic('n1'));
    world.inventory.addNic(nic('n1'), network('net1'));
    await world.client.addNics({ securityGroup: group('g'), nics: [nic('n1')] });
    await vi.waitFor(async () => expect(await world.membersOf('h')).toEqual(['n2', 'n3']), { timeout: 5000 });
    expect(await world.membersOf('g')).toEqual(['n1', 'n2', 'n3']);
  });

  it('takes groups off a network that is gone', async () => {
    for (const id of ['n1', 'n2']) world.inventory.removeNic(nic(id));
    world.inventory.removeNetwork(network('net1'));
    await expectMembers(['n3']);
    await vi.waitFor(async () => {
      expect([await networksOf('g'), await networksOf('h')]).toEqual([[network('net2')], [network('net2')]]);
    });
  });

  it('sees what was removed while policy did not run', async () => {
    await world.restart(() => {
      world.inventory.removeNic(nic('n3'));
      world.inventory.removeNetwork(network('net2'));
    });
    await expectMembers(['n1', 'n2']);
    await vi.waitFor(async () => expect(await networksOf('g')).toEqual([network('net1')]));
  });

  it('sees what was removed while inventory could not be reached', async () => {
    world.inventory.interrupt();
    world.inventory.removeNic(nic('n2'));
    world.inventory.isDown = false;
    await expectMembers(['n1', 'n3']);
  });

  it('sees a NIC that is removed while it joins', async () => {
    await world.client.removeNics({ securityGroup: group('g'), nics: [nic('n1')] });
    world.inventory.beforeAnswer = () => {
      world.inventory.beforeAnswer = () => undefined;
      world.inventory.removeNic(nic('n1'));
    };
    await world.client.addNics({ securityGroup: group('g'), nics: [nic('n1')] });
    await expectMembers(['n2', 'n3']);
  });

  it('removes nothing that is there', async () => {
    const { revision } = await world.store.read(async () => undefined);
    await world.restart();
    world.inventory.addNic(nic('n9'), network('net1'));
    world.inventory.removeNic(nic('n9'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await world.store.read(async () => undefined)).revision).toBe(revision);
  });
});
