import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addressGroup, goodRule, group, openWorld, type PolicyWorld, parent } from '../testing/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await openWorld();
  for (const id of ['g', 'h', 'i']) await world.createGroup(id);
});
afterEach(() => world.close());

const listed = async (request: object) => {
  const page = await world.client.listReferencingRules({ name: group('g'), ...request });
  return { names: page.securityGroupRules.map(({ name }) => name), pageToken: page.nextPageToken };
};

it('the rules that name a group are listed, whichever groups they are of, page by page', async () => {
  const own = (await world.client.listSecurityGroupRules({ parent: group('g') })).securityGroupRules;
  const made = [
    await world.createRule('h', goodRule({ remoteSecurityGroup: group('g'), description: 'db' })),
    await world.createRule('i', goodRule({ remoteSecurityGroup: group('g'), endPort: 23 })),
  ];
  await world.createRule('g', goodRule({ remoteSecurityGroup: group('h') }));
  const names = [...own, ...made].map(({ name }) => name).toSorted();
  expect(await listed({})).toEqual({ names, pageToken: '' });
  const first = await listed({ pageSize: 3 });
  expect(first.names).toEqual(names.slice(0, 3));
  expect(await listed({ pageSize: 3, pageToken: first.pageToken })).toEqual({ names: names.slice(3), pageToken: '' });
  expect((await listed({ filter: 'description = db' })).names).toEqual([made[0]?.name]);
  expect((await listed({ orderBy: 'name desc' })).names).toEqual(names.toReversed());
});

it('a page token is of one group', async () => {
  const { pageToken } = await listed({ pageSize: 1 });
  expect(await failureOf(listed({ name: group('h'), pageToken }))).toMatchObject({
    violations: ['page_token PAGE_TOKEN_MALFORMED'],
  });
});

it('what is named by no rule has an empty list, and what does not exist has none', async () => {
  await world.client.createAddressGroup({ parent, addressGroupId: 'a' });
  expect(await listed({ name: addressGroup('a') })).toEqual({ names: [], pageToken: '' });
  for (const name of [addressGroup('none'), group('none')]) {
    expect(await failureOf(listed({ name }))).toMatchObject({ code: 'NotFound', resources: [name] });
  }
});
