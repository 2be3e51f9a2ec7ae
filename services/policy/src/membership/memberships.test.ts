import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { group, network, nic, openWorld, type PolicyWorld, parent } from '../testing/policy-world.js';

describe('networks and NICs of a group', () => {
  let world: PolicyWorld;
  let client: PolicyWorld['client'];

  beforeEach(async () => {
    world = await openWorld();
    client = world.client;
    await world.createGroup('g');
    await world.createGroup('h');
  });
  afterEach(() => world.close());

  const attach = (...ids: string[]) => client.attachNetworks({ securityGroup: group('g'), networks: ids.map(network) });
  const detach = (...ids: string[]) => client.detachNetworks({ securityGroup: group('g'), networks: ids.map(network) });
  const add = (...ids: string[]) => client.addNics({ securityGroup: group('g'), nics: ids.map(nic) });
  const remove = (...ids: string[]) => client.removeNics({ securityGroup: group('g'), nics: ids.map(nic) });

  it('networks attached already stay', async () => {
    await attach('net1');
    const first = await attach('net2', 'net1', 'net2');
    expect(first.securityGroup?.networks).toEqual([network('net1'), network('net2')]);
    expect(await attach('net1')).toEqual(first);
  });

  it('networks must exist, and the answer names those that do not', async () => {
    expect(await failureOf(attach('x', 'net1', 'y'))).toMatchObject({
      code: 'NotFound',
      reason: 'RESOURCE_NOT_FOUND',
      resources: [network('x'), network('y')],
    });
    expect((await client.getSecurityGroup({ name: group('g') })).securityGroup?.networks).toEqual([]);
  });

  it('a NIC joins a group whose networks are attached, once', async () => {
    await attach('net1');
    const { revisionToken } = await add('n1', 'n2', 'n1');
    expect(await world.membersOf('g')).toEqual(['n1', 'n2']);
    expect((await add('n2')).revisionToken).toBe(revisionToken);
    const { memberships } = await client.listMemberships({ parent, nic: nic('n1') });
    expect(memberships).toMatchObject([{ securityGroup: group('g'), nic: nic('n1'), network: network('net1') }]);
    expect(memberships[0]?.nicUid).toMatch(/^uid-/);
  });

  it('a NIC of a network that is not attached stays out, and all others with it', async () => {
    await attach('net1');
    expect(await failureOf(add('n1', 'n3'))).toMatchObject({
      code: 'FailedPrecondition',
      reason: 'NETWORK_NOT_ATTACHED',
      subjects: [nic('n3')],
    });
    expect(await world.membersOf('g')).toEqual([]);
  });

  it('NICs must exist, and the answer names those that do not', async () => {
    await attach('net1');
    expect(await failureOf(add('n1', 'x', 'y'))).toMatchObject({ code: 'NotFound', resources: [nic('x'), nic('y')] });
    const many = Array.from({ length: 100 }, (_, i) => `x${i}`);
    const failure = await failureOf(add(...many));
    expect(failure.code).toBe('NotFound');
    expect(failure.message).toContain('and 68 more');
    expect(await world.membersOf('g')).toEqual([]);
  });

  it('the group must exist', async () => {
    const none = { securityGroup: group('none') };
    const networks = [network('net1')];
    const nics = [nic('n1')];
    for (const call of [
      () => client.attachNetworks({ ...none, networks }),
      () => client.detachNetworks({ ...none, networks }),
      () => client.addNics({ ...none, nics }),
      () => client.removeNics({ ...none, nics }),
    ]) {
      expect(await failureOf(call())).toMatchObject({ code: 'NotFound', resources: [group('none')] });
    }
  });

  it('NICs leave all or none', async () => {
    await attach('net1');
    await add('n1', 'n2');
    expect(await failureOf(remove('n1', 'n3'))).toMatchObject({ code: 'NotFound', resources: [nic('n3')] });
    expect(await world.membersOf('g')).toEqual(['n1', 'n2']);
    await remove('n1', 'n1');
    expect(await world.membersOf('g')).toEqual(['n2']);
  });

  it('detaching a network takes its NICs out, in one commit', async () => {
    await attach('net1', 'net2');
    await add('n1', 'n2', 'n3');
    const { revision } = await world.store.read(async () => undefined);
    const { securityGroup } = await detach('net1');
    expect(securityGroup?.networks).toEqual([network('net2')]);
    expect(await world.membersOf('g')).toEqual(['n3']);
    expect((await world.store.log(revision, 9))?.map(({ changes }) => changes.length)).toEqual([3]);
    expect(await failureOf(detach('net2', 'net1'))).toMatchObject({ code: 'NotFound', resources: [network('net1')] });
  });

  it('a network that is detached while a NIC joins keeps it out', async () => {
    await attach('net1');
    let detaching: Promise<unknown> | undefined;
    world.inventory.beforeAnswer = () => {
      detaching ??= detach('net1');
    };
    expect(await failureOf(add('n1'))).toMatchObject({ code: 'FailedPrecondition', reason: 'NETWORK_NOT_ATTACHED' });
    await detaching;
    expect(await world.membersOf('g')).toEqual([]);
  });

  it('is unavailable, with nothing half done, while inventory is', async () => {
    await attach('net1');
    world.inventory.isDown = true;
    const unavailable = { code: 'Unavailable', reason: 'INVENTORY_UNAVAILABLE' };
    expect(await failureOf(add('n1'))).toMatchObject(unavailable);
    expect(await failureOf(attach('net2'))).toMatchObject(unavailable);
    expect(await world.membersOf('g')).toEqual([]);
    // What needs no inventory goes on.
    await detach('net1');
  });

  it('memberships are listed by group and by NIC, page by page', async () => {
    await attach('net1', 'net2');
    await client.attachNetworks({ securityGroup: group('h'), networks: [network('net1')] });
    await add('n1', 'n2', 'n3');
    await client.addNics({ securityGroup: group('h'), nics: [nic('n1')] });
    const list = async (filter: { securityGroup?: string; nic?: string }) => {
      const { memberships } = await client.listMemberships({ parent, ...filter });
      return memberships.map((each) => `${each.securityGroup.slice(-1)} ${each.nic.slice(-2)}`);
    };
    expect(await list({})).toEqual(['g n1', 'g n2', 'g n3', 'h n1']);
    expect(await list({ nic: nic('n1') })).toEqual(['g n1', 'h n1']);
    expect(await list({ securityGroup: group('h') })).toEqual(['h n1']);
    expect(await list({ securityGroup: group('g'), nic: nic('n2') })).toEqual(['g n2']);
    const first = await client.listMemberships({ parent, pageSize: 3 });
    const second = await client.listMemberships({ parent, pageSize: 3, pageToken: first.nextPageToken });
    expect([first.memberships.length, second.memberships.length, second.nextPageToken]).toEqual([3, 1, '']);
    const misplaced = client.listMemberships({ parent, nic: nic('n1'), pageToken: first.nextPageToken });
    expect(await failureOf(misplaced)).toMatchObject({ violations: ['page_token PAGE_TOKEN_MALFORMED'] });
  });
});
