import { blockedBy, requireName, toDelete } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { memberships, naming, ofGroup, rules, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { groupOfRule, membershipName, securityGroupNames } from '../names.js';

export function deleteSecurityGroup({ commit }: Dependencies): Handlers['deleteSecurityGroup'] {
  return async (request) => {
    const { name, force } = request;
    requireName('name', name, securityGroupNames);
    return commit(request, async (tx) => {
      if (!(await toDelete(tx, securityGroups, request))) return {};
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
      return {};
    });
  };
}

async function namesOf(resources: AsyncIterable<{ name: string }>): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of resources) names.push(name);
  return names;
}
