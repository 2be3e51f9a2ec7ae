import type { policyV1 } from '@portcullis/api';
import { refuse } from '@portcullis/resource';
import { notFound } from '@portcullis/rpc';
import { checkName, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { memberships } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { membershipName, nicNames } from '../names.js';
import { checkGroups, existingGroups } from './group-list.js';
import { join } from './join.js';

const maxGroups = 500;

export function setNicSecurityGroups({
  commit,
  quotas,
  inventory,
  housekeeping,
}: Dependencies): Handlers['setNicSecurityGroups'] {
  return async (request, { signal }) => {
    const { nic: name, securityGroups: names } = request;
    const violations = new Violations();
    const project = checkName(violations, 'nic', name, nicNames)?.project;
    checkGroups(violations, { names, project, min: 0, max: maxGroups });
    refuse(violations);
    const nic = (await inventory.findNics([name], { signal })).get(name);
    if (nic === undefined) throw notFound(name);
    const answer = await commit(request, async (tx) => {
      const groups = await existingGroups(tx, names);
      const kept = new Map<string, policyV1.Membership>();
      const leaving: string[] = [];
      for await (const each of memberships.all(tx, { link: { name: 'nic', target: name } })) {
        const stays = groups.some((group) => group.name === each.securityGroup);
        if (!stays) leaving.push(membershipName(each));
        // That of an earlier NIC of the name is none of this one's.
        else if (each.nicUid === nic.uid) kept.set(each.securityGroup, each);
      }
      // First: what a NIC leaves makes room in its quota.
      await memberships.delete(tx, leaving);
      const joining = groups.flatMap((group) => (kept.has(group.name) ? [] : [{ group, nic }]));
      const all = [...kept.values(), ...(await join(tx, joining, quotas))];
      return { memberships: all.sort((a, b) => (a.securityGroup < b.securityGroup ? -1 : 1)) };
    });
    // Gone between the question and the commit? Then inventory's watch may have told too early to be of use.
    housekeeping.suspect({ nics: [name] });
    return answer;
  };
}
