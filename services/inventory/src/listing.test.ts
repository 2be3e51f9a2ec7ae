import { formatRevisionToken } from '@portcullis/api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { failureOf, furnish, goodNic, type InventoryWorld, openWorld } from './testing/inventory-world.js';

let world: InventoryWorld;
const parent = 'projects/p';

beforeEach(async () => {
  world = await openWorld();
  await furnish(world);
  await world.client.createNic({ parent, nicId: 'n1', nic: goodNic({ labels: { role: 'front' } }) });
  const other = goodNic({ macAddress: '52:54:00:00:00:02', addresses: ['10.0.0.2'], antiSpoofing: false });
  await world.client.createNic({ parent, nicId: 'n2', nic: other });
});
afterEach(() => world.close());

it.each([
  ['labels.role = front', ['n1']],
  ['anti_spoofing = true', ['n1']],
  ['anti_spoofing = false', ['n2']],
  ['addresses:"10.0.0.2"', ['n2']],
  ['vm_instance = "projects/p/vmInstances/vm1" AND NOT labels:role', ['n2']],
  ['vm_instance = "projects/p/vmInstances/vm1"', ['n1', 'n2']],
  ['network = "projects/p/networks/none" OR addresses:"10.0.0.2"', ['n2']],
  ['network = "projects/p/networks/none" AND addresses:"10.0.0.2"', []],
  ['mac_address = "52:54:00:00:00:01"', ['n1']],
])('of the NICs the filter %j finds %j', async (filter, ids) => {
  const { nics } = await world.client.listNics({ parent, filter });
  expect(nics.map(({ name }) => name.slice('projects/p/nics/'.length))).toEqual(ids);
});

it('networks, hosts and VMs are filtered and put in order', async () => {
  const { networks } = await world.client.listNetworks({ parent, filter: 'kind = VPC' });
  expect(networks.map(({ name }) => name)).toEqual(['projects/p/networks/vpc']);
  const { hosts } = await world.client.listHosts({ orderBy: 'name desc' });
  expect(hosts.map(({ name }) => name)).toEqual(['hosts/h2', 'hosts/h1']);
  const { vmInstances } = await world.client.listVmInstances({ parent, filter: 'state = RUNNING' });
  expect(vmInstances).toEqual([]);
});

it('a reading may ask for a revision', async () => {
  const { revisionToken } = await world.client.createHost({ hostId: 'h3' });
  await world.client.getHost({ name: 'hosts/h3', minRevisionToken: revisionToken });
  const other = formatRevisionToken({ service: 'inventory', epoch: 'other', revision: 1 });
  const strange = world.client.getHost({ name: 'hosts/h3', minRevisionToken: other });
  expect(await failureOf(strange)).toMatchObject({ reason: 'REVISION_OF_OTHER_STORE' });
});
