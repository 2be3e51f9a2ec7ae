import { create, toBinary } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { expect, it } from 'vitest';
import { memberships, rules, securityGroups } from './documents.js';

const group = create(policyV1.SecurityGroupSchema, { name: 'projects/p/securityGroups/g', labels: { a: 'b' } });
const rule = create(policyV1.SecurityGroupRuleSchema, { name: `${group.name}/rules/r`, startPort: 1 });
const membership = create(policyV1.MembershipSchema, { securityGroup: group.name, nic: 'projects/p/nics/n' });

it('the bytes of a decoded message are told without encoding it', () => {
  const decodedGroup = securityGroups.decode(toBinary(securityGroups.schema, group));
  expect(decodedGroup.etag).not.toBe('');
  expect(securityGroups.byteCountOf(decodedGroup)).toBe(toBinary(securityGroups.schema, decodedGroup).length);
  const decodedRule = rules.decode(toBinary(rules.schema, rule));
  expect(rules.byteCountOf(decodedRule)).toBe(toBinary(rules.schema, decodedRule).length);
  const decodedMembership = memberships.decode(toBinary(memberships.schema, membership));
  expect(memberships.byteCountOf(decodedMembership)).toBe(toBinary(memberships.schema, decodedMembership).length);
});
