import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { failureOf } from '@portcullis/resource/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  exportedProject,
  goodRule,
  group,
  network,
  nic,
  openWorld,
  type PolicyWorld,
  parent,
} from '../testing/policy-world.js';

let world: PolicyWorld;

beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

it('a project is exported whole, of one revision, and nothing of others', async () => {
  const { client } = world;
  await client.createSecurityGroup({ parent: 'projects/q', securityGroupId: 'other' });
  for (const id of ['g', 'h']) await world.createGroup(id);
  await client.attachNetworks({ securityGroup: group('g'), networks: [network('net1')] });
  await client.addNics({ securityGroup: group('g'), nics: [nic('n1')] });
  await client.createAddressGroup({ parent, addressGroupId: 'office', addressGroup: { cidrs: ['10.0.0.1/8'] } });
  const { revisionToken } = await client.createSecurityGroupRule({
    parent: group('h'),
    securityGroupRule: goodRule({ remoteSecurityGroup: group('g'), labels: { why: 'ssh' } }),
  });
  await client.updateDefaultRules({
    defaultRules: { name: `${parent}/defaultRules`, rules: [goodRule({ remoteSecurityGroup: group('-') })] },
    updateMask: { paths: ['rules'] },
  } as never);
  const document = await exportedProject(world, parent);
  const read = <Shape>(key: string, schema: Parameters<typeof fromJson>[0]) =>
    (document[key] as JsonValue[]).map((json) => fromJson(schema, json) as Shape);
  expect(document).toMatchObject({ format: 'portcullis.policy.v1', project: parent, revisionToken });
  expect(read('securityGroups', policyV1.SecurityGroupSchema)).toEqual(
    (await client.listSecurityGroups({ parent })).securityGroups,
  );
  const rules = await Promise.all(['g', 'h'].map((id) => client.listSecurityGroupRules({ parent: group(id) })));
  expect(read('securityGroupRules', policyV1.SecurityGroupRuleSchema)).toEqual(
    rules.flatMap(({ securityGroupRules }) => securityGroupRules),
  );
  expect(read('memberships', policyV1.MembershipSchema)).toEqual(
    (await client.listMemberships({ parent })).memberships,
  );
  expect(read('addressGroups', policyV1.AddressGroupSchema)).toEqual(
    (await client.listAddressGroups({ parent })).addressGroups,
  );
  expect(fromJson(policyV1.DefaultRulesSchema, document.defaultRules as JsonValue)).toEqual(
    (await client.getDefaultRules({ name: `${parent}/defaultRules` })).defaultRules,
  );
  expect(fromJson(policyV1.ProjectQuotaSchema, document.projectQuota as JsonValue)).toEqual(
    (await client.getProjectQuota({ name: `${parent}/quota` })).projectQuota,
  );
});

it('what is wrong with the request is said before anything is sent', async () => {
  expect(await failureOf(exportedProject(world, 'p'))).toMatchObject({ violations: ['parent NAME_MALFORMED'] });
});
