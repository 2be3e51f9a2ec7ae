import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { inventoryV1 } from '@portcullis/api';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { failureOf, furnish, goodNic, type InventoryWorld, openWorld } from '../testing/inventory-world.js';

let world: InventoryWorld;
const parent = 'projects/p';

beforeEach(async () => {
  world = await openWorld();
  await furnish(world);
});
afterEach(() => world.close());

async function exported(request: { parent: string; minRevisionToken?: string }) {
  let text = '';
  for await (const { json } of world.client.exportProject(request)) text += json;
  return JSON.parse(text) as Record<string, JsonValue[]> & { revisionToken: string };
}

it('a project is exported whole, with the hosts that its NICs are bound to, and nothing of others', async () => {
  const { client } = world;
  const FLAT = inventoryV1.NetworkKind.FLAT;
  await client.createNetwork({ parent: 'projects/p2', networkId: 'other', network: { kind: FLAT } });
  await client.createNic({ parent, nicId: 'n', nic: goodNic({ labels: { tier: 'web' } }) });
  const nicBinding = { host: 'hosts/h2', interfaceName: 'tap0' };
  const { revisionToken } = await client.createNicBinding({ parent: 'projects/p/nics/n', nicBinding });
  const document = await exported({ parent, minRevisionToken: revisionToken });
  const read = <Shape>(key: string, schema: Parameters<typeof fromJson>[0]) =>
    document[key]?.map((json) => fromJson(schema, json) as Shape);
  expect(document).toMatchObject({ format: 'portcullis.inventory.v1', project: parent, revisionToken });
  expect(read('networks', inventoryV1.NetworkSchema)).toEqual((await client.listNetworks({ parent })).networks);
  expect(read('vmInstances', inventoryV1.VmInstanceSchema)).toEqual(
    (await client.listVmInstances({ parent })).vmInstances,
  );
  expect(read('nics', inventoryV1.NicSchema)).toEqual((await client.listNics({ parent })).nics);
  expect(read('nicBindings', inventoryV1.NicBindingSchema)).toEqual(
    (await client.listNicBindings({ parent: 'projects/p/nics/-' })).nicBindings,
  );
  expect(read('hosts', inventoryV1.HostSchema)).toEqual([(await client.getHost({ name: 'hosts/h2' })).host]);
});

it('a project of which nothing is known is exported empty', async () => {
  const document = await exported({ parent: 'projects/none' });
  expect(document).toEqual({
    format: 'portcullis.inventory.v1',
    project: 'projects/none',
    revisionToken: document.revisionToken,
    networks: [],
    vmInstances: [],
    nics: [],
    nicBindings: [],
    hosts: [],
  });
});

it('what is wrong with the request is said before anything is sent', async () => {
  expect(await failureOf(exported({ parent: 'p' }))).toMatchObject({ violations: ['parent NAME_MALFORMED'] });
  const call = exported({ parent, minRevisionToken: 'x' });
  expect(await failureOf(call)).toMatchObject({ violations: ['min_revision_token REVISION_TOKEN_MALFORMED'] });
});
