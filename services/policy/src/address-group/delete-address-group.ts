import type { policyV1 } from '@portcullis/api';
import { blockedBy, deletion } from '@portcullis/resource';
import { addressGroups, naming, rules } from '../documents.js';
import { addressGroupNames } from '../names.js';

/** Deletes an address group; with `force`, the rules that name it as well. */
export const addressGroupDeletion = deletion({
  collection: addressGroups,
  names: addressGroupNames,
  remove: async (tx, { name, force }: policyV1.DeleteAddressGroupRequest) => {
    const users: string[] = [];
    for await (const rule of rules.all(tx, naming(name))) users.push(rule.name);
    if (users.length > 0 && !force) {
      throw blockedBy(users, {
        reason: 'ADDRESS_GROUP_IN_USE',
        message: `${name} is named by ${users.length} rules; ListReferencingRules lists all of them`,
        why: 'the rule names the address group',
      });
    }
    await rules.delete(tx, users);
    await addressGroups.delete(tx, [name]);
  },
});
