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
const { NetworkKind } = inventoryV1;

describe('networks', () => {
  let world: InventoryWorld;
  let client: InventoryWorld['client'];

  beforeEach(async () => {
    world = await openWorld();
    client = world.client;
    await furnish(world);
  });
  afterEach(() => world.close());

  const createNic = (nicId: string, more: NicFields = {}) => client.createNic({ parent, nicId, nic: goodNic(more) });

  it('are stored in canonical form, with what the service adds', async () => {
    const network = {
      displayName: 'N',
      kind: NetworkKind.PUBLIC,
      cidrs: ['10.1.2.3/16', '2001:DB8:0:0::1/32', '10.1.0.0/16', '192.0.2.1'],
      dhcpServers: ['2001:DB8:0::53', '10.1.0.53'],
      uid: 'mine',
    };
    const { network: made } = await client.createNetwork({ parent, networkId: 'n', network });
    expect(made).toMatchObject({
      name: 'projects/p/networks/n',
      displayName: 'N',
      cidrs: ['10.1.0.0/16', '2001:db8::/32', '192.0.2.1/32'],
      dhcpServers: ['2001:db8::53', '10.1.0.53'],
      routingDomain: 'default',
    });
    expect(made?.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(made?.createTime).toEqual(made?.updateTime);
    expect((await client.getNetwork({ name: 'projects/p/networks/n' })).network).toEqual(made);
  });

  it.each([
    [NetworkKind.PUBLIC, '', 'default'],
    [NetworkKind.FLAT, '', 'default'],
    [NetworkKind.VPC, '', 'projects/p/networks/n'],
    [NetworkKind.VPC, 'vpc-1', 'vpc-1'],
    [NetworkKind.FLAT, 'edge', 'edge'],
  ])('of kind %s with routing domain %j are in %j', async (kind, routingDomain, expected) => {
    const { network } = await client.createNetwork({ parent, networkId: 'n', network: { kind, routingDomain } });
    expect(network?.routingDomain).toBe(expected);
  });

  it('get a name from the service where the caller chooses none', async () => {
    const { network } = await client.createNetwork({ parent, network: { kind: NetworkKind.FLAT } });
    expect(network?.name).toMatch(/^projects\/p\/networks\/net-[0-9a-f]{12}$/);
  });

  it('exist once', async () => {
    const again = client.createNetwork({ parent, networkId: 'vpc', network: { kind: NetworkKind.FLAT } });
    expect(await failureOf(again)).toMatchObject({ code: 'AlreadyExists', resources: ['projects/p/networks/vpc'] });
  });

  it('change only where the mask says so', async () => {
    const name = 'projects/p/networks/vpc';
    const { network: before } = await client.getNetwork({ name });
    const { network } = await client.updateNetwork({
      network: { name, displayName: 'new', cidrs: [], dhcpServers: ['10.0.0.2'] },
      updateMask: { paths: ['display_name', 'dhcp_servers'] },
    });
    expect(network).toMatchObject({ displayName: 'new', cidrs: before?.cidrs, dhcpServers: ['10.0.0.2'] });
  });

  it('take no revision when nothing changes', async () => {
    const name = 'projects/p/networks/vpc';
    const update = { network: { name, displayName: 'new' }, updateMask: { paths: ['display_name'] } };
    const first = await client.updateNetwork(update);
    const second = await client.updateNetwork(update);
    expect(second).toEqual(first);
  });

  it('keep the CIDRs that hold the addresses of their NICs', async () => {
    await createNic('n1');
    const name = 'projects/p/networks/vpc';
    const change = (cidrs: string[]) =>
      client.updateNetwork({ network: { name, cidrs }, updateMask: { paths: ['cidrs'] } });
    expect(await failureOf(change(['10.0.0.0/24']))).toMatchObject({
      code: 'FailedPrecondition',
      reason: 'ADDRESS_OUTSIDE_NETWORK',
      subjects: ['projects/p/nics/n1'],
    });
    await change(['10.0.0.0/31', '2001:db8::1']);
    await change([]);
  });

  it('stay while NICs are on them, and the answer names the NICs', async () => {
    for (let i = 0; i < 40; i += 1) {
      await createNic(`n${i}`, { macAddress: `52:54:00:00:00:${10 + i}`, addresses: [] });
    }
    const failure = await failureOf(client.deleteNetwork({ name: 'projects/p/networks/vpc' }));
    expect(failure).toMatchObject({ code: 'FailedPrecondition', reason: 'NETWORK_IN_USE' });
    expect(failure.subjects).toHaveLength(32);
    expect(failure.message).toContain('more than 32');
    await client.deleteNetwork({ name: 'projects/p/networks/flat' });
    expect(await failureOf(client.getNetwork({ name: 'projects/p/networks/flat' }))).toMatchObject({
      code: 'NotFound',
      resources: ['projects/p/networks/flat'],
    });
  });
});
