import type { policyV1 } from '@portcullis/api';
import { deletion, type Operation } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { memberships, ofGroup, rules, securityGroups } from '../documents.js';
import { membershipName, securityGroupNames } from '../names.js';
import { releaseFromRules } from '../rule/release-from-rules.js';

/** Deletes a group, takes its NICs out of it and, with `force`, the rules that name it away. */
export function groupDeletion({
  now,
}: Pick<Dependencies, 'now'>): Operation<policyV1.DeleteSecurityGroupRequest, void> {
  return deletion({
    collection: securityGroups,
    names: securityGroupNames,
    remove: async (tx, { name, force }) => {
      const words = { reason: 'SECURITY_GROUP_IN_USE', ruleWords: 'rules of other groups' };
      await releaseFromRules(tx, { name, force, ...words, now: now() });
      const own: string[] = [];
      for await (const rule of rules.all(tx, { prefix: `${name}/rules/` })) own.push(rule.name);
      await rules.delete(tx, own);
      const members: string[] = [];
      for await (const membership of memberships.all(tx, ofGroup(name))) members.push(membershipName(membership));
      await memberships.delete(tx, members);
      await securityGroups.delete(tx, [name]);
    },
  });
}
