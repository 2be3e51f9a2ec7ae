import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { failureOf, furnish, goodNic, type InventoryWorld, openWorld } from './testing/inventory-world.js';

const parent = 'projects/p';

describe('inventory', () => {
  let world: InventoryWorld;
  let client: InventoryWorld['client'];

  beforeEach(async () => {
    world = await openWorld();
    client = world.client;
    await furnish(world);
  });
  afterEach(() => world.close());

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

it('tells policy at once of what another replica has made', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'portcullis-inventory-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const replicas = [await openWorld(`sqlite:${folder}/a.db`), await openWorld(`sqlite:${folder}/a.db`)] as const;
  onTestFinished(async () => {
    for (const each of replicas) await each.close();
  });
  const [{ client }, { client: other }] = replicas;
  await furnish(replicas[0]);
  // It has its own commits in memory from now on.
  await other.createHost({});
  for (let i = 1; i < 10; i += 1) {
    const nic = goodNic({ macAddress: `52:54:00:00:00:0${i}`, addresses: [] });
    const { nic: made } = await client.createNic({ parent, nic });
    const found = await other.batchGetNics({ parent, names: [made?.name ?? ''] });
    expect(found.nics).toMatchObject([{ uid: made?.uid }]);
    await client.createNetwork({ parent, networkId: `n${i}`, network: { kind: 2 } });
    await other.getNetwork({ name: `projects/p/networks/n${i}` });
  }
});
