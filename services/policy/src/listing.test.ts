import { formatRevisionToken } from '@portcullis/api';
import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { goodRule, group, network, openWorld, type PolicyWorld, parent } from './testing/policy-world.js';

let world: PolicyWorld;
let time = Date.UTC(2030, 0, 1);

beforeEach(async () => {
  world = await openWorld('sqlite::memory:', {
    now: () => {
      time += 1000;
      return new Date(time);
    },
  });
  const make = (securityGroupId: string, more: object) =>
    world.client.createSecurityGroup({ parent, securityGroupId, securityGroup: more });
  await make('web', { displayName: 'web "one"', labels: { tier: 'web', 'a.b': '1' } });
  await make('db', { description: 'data', labels: { tier: 'db' } });
  await make('old', { state: 2 });
  await world.client.attachNetworks({ securityGroup: group('db'), networks: [network('net1')] });
});
afterEach(() => world.close());

async function idsOf(request: object): Promise<string[]> {
  const { securityGroups } = await world.client.listSecurityGroups({ parent, ...request });
  return securityGroups.map(({ name }) => name.slice(group('').length));
}

it.each([
  ['', ['db', 'old', 'web']],
  ['labels.tier = web', ['web']],
  ['labels.tier != "web"', ['db', 'old']],
  ['labels.a.b = 1', ['web']],
  ['labels:tier', ['db', 'web']],
  ['NOT labels:tier', ['old']],
  ['labels.tier:*', ['db', 'web']],
  ['state = DISABLED', ['old']],
  ['state != SECURITY_GROUP_STATE_DISABLED AND description = data', ['db']],
  ['description = data AND state = ENABLED OR state = DISABLED', ['db']],
  ['(description = data AND state = ENABLED) OR state = DISABLED', ['db', 'old']],
  ['networks:"projects/p/networks/net1"', ['db']],
  ['NOT networks:*', ['old', 'web']],
  [String.raw`display_name = "web \"one\""`, ['web']],
  ["name = 'projects/p/securityGroups/old'", ['old']],
  ['description:*', ['db']],
])('the filter %j finds %j', async (filter, ids) => {
  expect(await idsOf({ filter })).toEqual(ids);
});

it.each([
  ['name', ['db', 'old', 'web']],
  ['name desc', ['web', 'old', 'db']],
  ['create_time', ['web', 'db', 'old']],
  ['create_time desc', ['old', 'db', 'web']],
  ['update_time desc', ['db', 'old', 'web']],
])('in the order %j come %j, also page by page', async (orderBy, ids) => {
  expect(await idsOf({ orderBy })).toEqual(ids);
  const paged: string[] = [];
  let pageToken = '';
  do {
    const request = { parent, orderBy, pageSize: 1, pageToken };
    const { securityGroups, nextPageToken } = await world.client.listSecurityGroups(request);
    paged.push(...securityGroups.map(({ name }) => name.slice(group('').length)));
    pageToken = nextPageToken;
  } while (pageToken !== '');
  expect(paged).toEqual(ids);
});

it('a wrong filter is told the position', async () => {
  const failure = await failureOf(world.client.listSecurityGroups({ parent, filter: 'state = ENABLED AND stat = 1' }));
  expect(failure.message).toBe('filter: position 21: "stat" is not a field that can be compared');
});

it('a token is of one filter and one order', async () => {
  const { nextPageToken } = await world.client.listSecurityGroups({ parent, filter: 'labels:tier', pageSize: 1 });
  const malformed = { violations: ['page_token PAGE_TOKEN_MALFORMED'] };
  for (const other of [{}, { filter: 'NOT labels:tier' }, { filter: 'labels:tier', orderBy: 'name' }]) {
    const call = world.client.listSecurityGroups({ parent, pageToken: nextPageToken, ...other });
    expect(await failureOf(call)).toMatchObject(malformed);
  }
});

it('a filter that finds little looks at a bounded number, page by page', async () => {
  const projectQuota = { name: `${parent}/quota`, rulesPerGroup: 10_000 };
  await world.client.updateProjectQuota({ projectQuota, updateMask: { paths: ['rules_per_group'] } });
  const securityGroupRules = Array.from({ length: 500 }, (_, i) => goodRule({ startPort: 1 + i, endPort: 65_535 }));
  for (let i = 0; i < 11; i += 1) {
    const rules = securityGroupRules.map((rule) => ({ ...rule, endPort: 65_535 - i }));
    await world.client.batchCreateSecurityGroupRules({ parent: group('web'), securityGroupRules: rules });
  }
  const request = { parent: group('web'), filter: 'start_port = 7 AND end_port = 65530' };
  const found: number[] = [];
  let [pageToken, pageCount] = ['', 0];
  do {
    const page = await world.client.listSecurityGroupRules({ ...request, pageToken });
    found.push(page.securityGroupRules.length);
    pageToken = page.nextPageToken;
    pageCount += 1;
  } while (pageToken !== '');
  expect(found.reduce((sum, count) => sum + count)).toBe(1);
  expect(pageCount).toBe(2);
});

describe('a reading with a revision token', () => {
  it('is of that revision at least', async () => {
    const made = await world.client.createSecurityGroup({ parent, securityGroupId: 'new' });
    const request = { name: group('new'), minRevisionToken: made.revisionToken };
    expect((await world.client.getSecurityGroup(request)).securityGroup).toEqual(made.securityGroup);
    expect(await idsOf({ minRevisionToken: made.revisionToken })).toContain('new');
  });

  it('waits for it', async () => {
    const { revision } = await world.store.read(async () => undefined);
    const minRevisionToken = formatRevisionToken({
      service: 'policy',
      epoch: world.store.epoch,
      revision: revision + 1,
    });
    const reading = idsOf({ minRevisionToken });
    await world.client.createSecurityGroup({ parent, securityGroupId: 'new' });
    expect(await reading).toContain('new');
  });

  it('is refused when it does not come in time, and when it is of another store', async () => {
    const future = formatRevisionToken({ service: 'policy', epoch: world.store.epoch, revision: 1000 });
    const late = world.client.getSecurityGroup({ name: group('web'), minRevisionToken: future }, { timeoutMs: 300 });
    expect(await failureOf(late)).toMatchObject({ code: 'Unavailable', reason: 'REVISION_NOT_REACHED' });
    const other = formatRevisionToken({ service: 'policy', epoch: 'other', revision: 1 });
    const strange = world.client.listSecurityGroups({ parent, minRevisionToken: other });
    expect(await failureOf(strange)).toMatchObject({ code: 'FailedPrecondition', reason: 'REVISION_OF_OTHER_STORE' });
  });
});
