import type { policyV1 } from '@portcullis/api';
import { deletion, type Operation } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { addressGroups } from '../documents.js';
import { addressGroupNames } from '../names.js';
import { releaseFromRules } from '../rule/release-from-rules.js';

/** Deletes an address group; with `force`, the rules that name it as well. */
export function addressGroupDeletion({
  now,
}: Pick<Dependencies, 'now'>): Operation<policyV1.DeleteAddressGroupRequest, void> {
  return deletion({
    collection: addressGroups,
    names: addressGroupNames,
    remove: async (tx, { name, force }) => {
      const words = { reason: 'ADDRESS_GROUP_IN_USE', ruleWords: 'rules' };
      await releaseFromRules(tx, { name, force, ...words, now: now() });
      await addressGroups.delete(tx, [name]);
    },
  });
}
