import { formatRevisionToken, type inventoryV1, parseRevisionToken } from '@portcullis/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { failureOf, furnish, goodNic, type InventoryWorld, openWorld } from './testing/inventory-world.js';

describe('a watch of inventory', () => {
  let world: InventoryWorld;
  let stop: AbortController;

  beforeEach(async () => {
    world = await openWorld();
    stop = new AbortController();
    await furnish(world);
  });
  afterEach(async () => {
    stop.abort();
    await world.close();
  });

  const watch = (resumeToken = '') =>
    world.client.watch({ resumeToken }, { signal: stop.signal })[Symbol.asyncIterator]();

  async function next(events: AsyncIterator<inventoryV1.WatchResponse>, count: number) {
    const told: inventoryV1.WatchResponse['event'][] = [];
    while (told.length < count) told.push((await events.next()).value.event);
    return told;
  }

  it('tells everything there is, at a revision, then each commit', async () => {
    const events = watch();
    const snapshot = await next(events, 8);
    expect(snapshot.map(describeEvent)).toEqual([
      'started',
      'put projects/p/networks/flat',
      'put projects/p/networks/vpc',
      'put hosts/h1',
      'put hosts/h2',
      'put projects/p/vmInstances/vm1',
      'put projects/p/vmInstances/vm2',
      'completed 6',
    ]);
    await world.client.createNic({ parent: 'projects/p', nicId: 'n1', nic: goodNic() });
    await world.client.createNicBinding({
      parent: 'projects/p/nics/n1',
      nicBinding: { host: 'hosts/h1', interfaceName: 'tap0' },
    });
    const { revisionToken } = await world.client.deleteVmInstance({ name: 'projects/p/vmInstances/vm1' });
    const commits = await next(events, 3);
    expect(commits.map(describeEvent)).toEqual([
      'commit 7: +projects/p/nics/n1',
      'commit 8: +projects/p/nics/n1/bindings/h1',
      'commit 9: -projects/p/nics/n1/bindings/h1 -projects/p/nics/n1 -projects/p/vmInstances/vm1',
    ]);
    expect(commits.at(-1)?.value).toMatchObject({ revisionToken });
  });

  it('resumes after a token', async () => {
    const { revisionToken } = await world.client.createHost({ hostId: 'h3', host: {} });
    await world.client.createHost({ hostId: 'h4', host: {} });
    expect((await next(watch(revisionToken), 1)).map(describeEvent)).toEqual(['commit 8: +hosts/h4']);
  });

  it.each([
    ['another store', { service: 'inventory', epoch: 'another', revision: 1 } as const],
    ['the future', { service: 'inventory', epoch: '', revision: 1000 } as const],
  ])('begins anew with a token of %s', async (_, token) => {
    const resumeToken = formatRevisionToken({ ...token, epoch: token.epoch || world.store.epoch });
    expect((await next(watch(resumeToken), 1)).map(describeEvent)).toEqual(['started']);
  });

  it.each(['x', formatRevisionToken({ service: 'policy', epoch: 'e', revision: 1 })])(
    'refuses %j as a token',
    async (token) => {
      expect(await failureOf(watch(token).next())).toMatchObject({
        code: 'InvalidArgument',
        violations: ['resume_token REVISION_TOKEN_MALFORMED'],
      });
    },
  );

  it('answers every change with the token of its revision', async () => {
    const { revisionToken } = await world.client.createHost({ hostId: 'h3', host: {} });
    expect(parseRevisionToken(revisionToken)).toEqual({ service: 'inventory', epoch: world.store.epoch, revision: 7 });
  });

  it('ends when the service closes', async () => {
    const events = watch();
    await next(events, 8);
    const waiting = events.next();
    await world.close();
    expect((await waiting).done).toBe(true);
  });
});

function describeEvent(event: inventoryV1.WatchResponse['event']): string {
  switch (event.case) {
    case 'snapshotStarted':
      return 'started';
    case 'put':
      return `put ${event.value.resource.value?.name}`;
    case 'snapshotCompleted':
      return `completed ${event.value.revision}`;
    case 'commit': {
      const changes = event.value.changes.map(({ change }) => {
        if (change.case === 'put') return `+${change.value.resource.value?.name}`;
        return `-${change.value?.removed.value}`;
      });
      return `commit ${event.value.revision}: ${changes.join(' ')}`;
    }
    default:
      return 'nothing';
  }
}
