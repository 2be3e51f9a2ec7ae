import { inventoryV1 } from '@portcullis/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  failureOf,
  furnish,
  goodNic,
  type InventoryWorld,
  type NicFields,
  openWorld,
} from './testing/inventory-world.js';

const parent = 'projects/p';
const { NetworkKind, VmInstanceState, NicBindingState, EgressDefault } = inventoryV1;

describe('inventory', () => {
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

  describe('networks', () => {
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

  describe('hosts and VMs', () => {
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

  describe('NICs', () => {
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

  describe('bindings', () => {
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
  });

  it('lists page by page', async () => {
    for (let i = 0; i < 5; i += 1) await client.createVmInstance({ parent, vmInstanceId: `x${i}`, vmInstance: {} });
    await client.createVmInstance({ parent: 'projects/q', vmInstanceId: 'other', vmInstance: {} });
    const names: string[] = [];
    let pageToken = '';
    let pages = 0;
    do {
      const page = await client.listVmInstances({ parent, pageSize: 3, pageToken });
      names.push(...page.vmInstances.map(({ name }) => name.slice('projects/p/vmInstances/'.length)));
      pageToken = page.nextPageToken;
      pages += 1;
    } while (pageToken !== '');
    expect({ pages, names }).toEqual({ pages: 3, names: ['vm1', 'vm2', 'x0', 'x1', 'x2', 'x3', 'x4'] });
    const { nextPageToken } = await client.listVmInstances({ parent, pageSize: 1 });
    const misplaced = client.listVmInstances({ parent: 'projects/q', pageToken: nextPageToken });
    expect(await failureOf(misplaced)).toMatchObject({ violations: ['page_token PAGE_TOKEN_MALFORMED'] });
  });

  it('is unavailable, not broken, while its database is', async () => {
    await world.store.close();
    const unavailable = { code: 'Unavailable', reason: 'STORE_UNAVAILABLE' };
    expect(await failureOf(client.getHost({ name: 'hosts/h1' }))).toMatchObject(unavailable);
    expect(await failureOf(client.createHost({}))).toMatchObject(unavailable);
    const watching = (async () => {
      for await (const _ of client.watch({}));
    })();
    expect(await failureOf(watching)).toMatchObject(unavailable);
  });
});
