import { randomUUID } from 'node:crypto';
import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  addressGroup,
  goodRule,
  group,
  network,
  nic,
  openWorld,
  type PolicyWorld,
  parent,
} from '../testing/policy-world.js';

let world: PolicyWorld;
const name = `${parent}/quota`;
const exceeded = { code: 'ResourceExhausted', reason: 'QUOTA_EXCEEDED' };

beforeEach(async () => {
  world = await openWorld('sqlite::memory:', { limits: { groupsPerProject: 3 } });
  await world.createGroup('g');
  await world.client.attachNetworks({ securityGroup: group('g'), networks: [network('net1')] });
});
afterEach(() => world.close());

const limit = async (limits: Record<string, number>, paths: string[]) => {
  const request = { projectQuota: { name, ...limits }, updateMask: { paths } };
  return (await world.client.updateProjectQuota(request)).projectQuota;
};
const port = (startPort: number) => goodRule({ startPort, endPort: startPort });
const add = (id: string, ...nics: string[]) =>
  world.client.addNics({ securityGroup: group(id), nics: nics.map((each) => nic(each)) });

it('says the limits, those of the service where nothing else is said, and what is used', async () => {
  await world.createRule('g', port(1));
  await add('g', 'n1', 'n2');
  for (const cidrs of [['10.0.0.1', '10.0.0.2', '10.0.0.3'], ['::1']]) {
    await world.client.createAddressGroup({ parent, addressGroup: { cidrs } });
  }
  const { projectQuota } = await world.client.getProjectQuota({ name });
  expect(projectQuota).toMatchObject({
    ...{ name, groupsPerProject: 3, rulesPerGroup: 2000, nicsPerGroup: 100_000, groupsPerNic: 100 },
    ...{ addressGroupsPerProject: 100, cidrsPerAddressGroup: 1000 },
    usage: {
      ...{ groupCount: 1, maxRulesPerGroup: 3, maxNicsPerGroup: 2, maxGroupsPerNic: 1 },
      ...{ addressGroupCount: 2, maxCidrsPerAddressGroup: 3 },
    },
  });
});

it('groups of a project stop at the limit, also those an update makes', async () => {
  await world.createGroup('h');
  await world.createGroup('i');
  expect(await failureOf(world.createGroup('j'))).toMatchObject({
    ...exceeded,
    message: 'projects/p has 3 groups, 1 more would exceed 3',
  });
  const securityGroup = { name: group('j') };
  const made = world.client.updateSecurityGroup({
    securityGroup,
    updateMask: { paths: ['labels'] },
    allowMissing: true,
  });
  expect(await failureOf(made)).toMatchObject(exceeded);
  await world.client.createSecurityGroup({ parent: 'projects/q', securityGroupId: 'j' });
  await world.client.deleteSecurityGroup({ name: group('h') });
  await world.createGroup('j');
});

it('rules of a group stop at the limit, all of a batch or none', async () => {
  await limit({ rulesPerGroup: 4 }, ['rules_per_group']);
  const batch = { parent: group('g'), securityGroupRules: [port(1), port(2), port(3)] };
  expect(await failureOf(world.client.batchCreateSecurityGroupRules(batch))).toMatchObject(exceeded);
  await world.createRule('g', port(1));
  await world.createRule('g', port(2));
  expect(await failureOf(world.createRule('g', port(3)))).toMatchObject(exceeded);
});

it('NICs of a group, and groups of a NIC, stop at the limit; who is in it already is no growth', async () => {
  await limit({ nicsPerGroup: 1, groupsPerNic: 1 }, ['nics_per_group', 'groups_per_nic']);
  await add('g', 'n1');
  await add('g', 'n1');
  expect(await failureOf(add('g', 'n1', 'n2'))).toMatchObject(exceeded);
  await world.createGroup('h');
  await world.client.attachNetworks({ securityGroup: group('h'), networks: [network('net1')] });
  expect(await failureOf(add('h', 'n1'))).toMatchObject(exceeded);
  await add('h', 'n2');
});

it('address groups of a project, and CIDRs of an address group, stop at the limit', async () => {
  await limit({ addressGroupsPerProject: 1, cidrsPerAddressGroup: 2 }, [
    'address_groups_per_project',
    'cidrs_per_address_group',
  ]);
  const make = (id: string, ...cidrs: string[]) =>
    world.client.createAddressGroup({ parent, addressGroupId: id, addressGroup: { cidrs } });
  expect(await failureOf(make('a', '10.0.0.1', '10.0.0.2', '10.0.0.3'))).toMatchObject(exceeded);
  await make('a', '10.0.0.1', '10.0.0.2');
  expect(await failureOf(make('b'))).toMatchObject({
    ...exceeded,
    message: 'projects/p has 1 address groups, 1 more would exceed 1',
  });
  const name = addressGroup('a');
  const addCidrs = (...cidrs: string[]) => world.client.addCidrs({ addressGroup: name, cidrs });
  expect(await failureOf(addCidrs('10.0.0.1', '10.0.0.3'))).toMatchObject({
    ...exceeded,
    message: `${name} has 2 CIDRs, 1 more would exceed 2`,
  });
  await addCidrs('10.0.0.1');
  const set = (...cidrs: string[]) =>
    world.client.updateAddressGroup({ addressGroup: { name, cidrs }, updateMask: { paths: ['cidrs'] } });
  expect(await failureOf(set('10.0.0.1', '10.0.0.3', '10.0.0.4'))).toMatchObject(exceeded);
  await limit({ cidrsPerAddressGroup: 0 }, ['cidrs_per_address_group']);
  await set('10.0.0.3', '10.0.0.4');
  await world.client.removeCidrs({ addressGroup: name, cidrs: ['10.0.0.3'] });
  expect(await failureOf(addCidrs('10.0.0.3'))).toMatchObject(exceeded);
});

it('a limit below what is used takes nothing away, and only stops growth', async () => {
  await world.createRule('g', port(1));
  await limit({ rulesPerGroup: 0 }, ['rules_per_group']);
  const { securityGroupRules } = await world.client.listSecurityGroupRules({ parent: group('g') });
  expect(securityGroupRules).toHaveLength(3);
  const [rule] = securityGroupRules;
  const change = { securityGroupRule: { name: rule?.name ?? '', disabled: true }, updateMask: { paths: ['disabled'] } };
  await world.client.updateSecurityGroupRule(change);
  expect(await failureOf(world.createRule('g', port(2)))).toMatchObject(exceeded);
});

it('a limit that is left out becomes the default again', async () => {
  expect(await limit({ groupsPerProject: 1 }, ['groups_per_project'])).toMatchObject({ groupsPerProject: 1 });
  expect(await limit({}, ['groups_per_project'])).toMatchObject({ groupsPerProject: 3 });
});

it('is guarded by its etag, outlasts a restart, takes no revision and is in no watch', async () => {
  const { revision } = await world.store.read(async () => undefined);
  const first = await limit({ groupsPerNic: 7 }, ['groups_per_nic']);
  await limit({ groupsPerNic: 8 }, ['groups_per_nic']);
  const stale = world.client.updateProjectQuota({
    projectQuota: { name, groupsPerNic: 9, etag: first?.etag ?? '' },
    updateMask: { paths: ['groups_per_nic'] },
    requestId: randomUUID(),
  });
  expect(await failureOf(stale)).toMatchObject({ reason: 'ETAG_MISMATCH' });
  await world.restart();
  expect((await world.client.getProjectQuota({ name })).projectQuota).toMatchObject({ groupsPerNic: 8 });
  expect((await world.store.read(async () => undefined)).revision).toBe(revision);
});
