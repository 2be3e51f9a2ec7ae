import type { policyV1 } from '@portcullis/api';
import { blockedBy, requireName, toDelete } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import type { Dependencies } from '../dependencies.js';
import { addressGroups, naming, rules } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { addressGroupNames } from '../names.js';

export function deleteAddressGroup({ commit }: Dependencies): Handlers['deleteAddressGroup'] {
  return async (request) => {
    requireName('name', request.name, addressGroupNames);
    return commit(request, async (tx) => {
      await removeAddressGroup(tx, request);
      return {};
    });
  };
}

/** Deletes an address group; with `force`, the rules that name it as well. */
async function removeAddressGroup(tx: Transaction, request: policyV1.DeleteAddressGroupRequest): Promise<void> {
  const { name, force } = request;
  if (!(await toDelete(tx, addressGroups, request))) return;
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
}
