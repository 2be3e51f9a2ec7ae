import type { policyV1 } from '@portcullis/api';
import { blockedBy, deletion } from '@portcullis/resource';
import { memberships, naming, ofGroup, rules, securityGroups } from '../documents.js';
import { groupOfRule, membershipName, securityGroupNames } from '../names.js';

/** Deletes a group, takes its NICs out of it and, with `force`, the rules that name it away. */
export const groupDeletion = deletion({
  collection: securityGroups,
  names: securityGroupNames,
  remove: async (tx, { name, force }: policyV1.DeleteSecurityGroupRequest) => {
    const elsewhere = (await namesOf(rules.all(tx, naming(name)))).filter((rule) => groupOfRule(rule) !== name);
    if (elsewhere.length > 0 && !force) {
      throw blockedBy(elsewhere, {
        reason: 'SECURITY_GROUP_IN_USE',
        message: `${name} is named by ${elsewhere.length} rules of other groups; ListReferencingRules lists all of them`,
        why: 'the rule names the group',
      });
    }
    await rules.delete(tx, [...elsewhere, ...(await namesOf(rules.all(tx, { prefix: `${name}/rules/` })))]);
    const members: string[] = [];
    for await (const membership of memberships.all(tx, ofGroup(name))) members.push(membershipName(membership));
    await memberships.delete(tx, members);
    await securityGroups.delete(tx, [name]);
  },
});

async function namesOf(resources: AsyncIterable<{ name: string }>): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of resources) names.push(name);
  return names;
}
