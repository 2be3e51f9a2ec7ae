import { create, toBinary } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { openStore } from '@portcullis/store';
import { expect, it } from 'vitest';
import { memberships, rules, securityGroups } from './documents.js';
import { log } from './testing/policy-world.js';

const group = create(policyV1.SecurityGroupSchema, { name: 'projects/p/securityGroups/g', labels: { a: 'b' } });
const rule = create(policyV1.SecurityGroupRuleSchema, { name: `${group.name}/rules/r`, startPort: 1 });
const membership = create(policyV1.MembershipSchema, { securityGroup: group.name, nic: 'projects/p/nics/n' });

it('the bytes of a message that is looked at are told without encoding it', () => {
  const seenGroup = securityGroups.view(toBinary(securityGroups.schema, group));
  expect(seenGroup.etag).not.toBe('');
  expect(securityGroups.byteCountOf(seenGroup)).toBe(toBinary(securityGroups.schema, seenGroup).length);
  const seenRule = rules.view(toBinary(rules.schema, rule));
  expect(rules.byteCountOf(seenRule)).toBe(toBinary(rules.schema, seenRule).length);
  const seenMembership = memberships.view(toBinary(memberships.schema, membership));
  expect(memberships.byteCountOf(seenMembership)).toBe(toBinary(memberships.schema, seenMembership).length);
});

it('a message that is looked at is decoded once, also when others were looked at meanwhile', () => {
  const body = toBinary(rules.schema, rule);
  const seen = rules.view(body);
  for (let i = 0; i < 1000; i += 1) rules.view(body.slice());
  expect(rules.view(body)).toBe(seen);
  for (let i = 0; i < 5000; i += 1) rules.view(body.slice());
  expect(rules.view(body)).not.toBe(seen);
  expect(rules.view(body)).toEqual(seen);
});

it('a message that was put is what is looked at, is what would be decoded, and stays as it is', async () => {
  const store = await openStore('sqlite::memory:', { log });
  const put = create(rules.schema, { name: rule.name, startPort: 1, endPort: 2, description: 'x', labels: { a: 'b' } });
  await store.transact((tx) => rules.put(tx, [put]));
  const body = (await store.log(0, 1))?.[0]?.changes[0]?.body as Uint8Array;
  expect(rules.view(body)).toBe(put);
  expect(rules.decode(body)).toEqual(put);
  expect(rules.byteCountOf(put)).toBe(toBinary(rules.schema, put).length);
  expect(() => Object.assign(put, { description: 'y' })).toThrow(TypeError);
  await store.close();
});
