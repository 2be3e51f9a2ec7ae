import { create, toBinary } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { expect, it } from 'vitest';
import { memberships, rules, securityGroups } from './documents.js';

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
