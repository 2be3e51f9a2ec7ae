import { existing, listPage, refuse } from '@portcullis/resource';
import { checkName, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { addressGroups, naming, rules, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { addressGroupNames, securityGroupNames } from '../names.js';

export function listReferencingRules({ store }: Dependencies): Handlers['listReferencingRules'] {
  return async (request) => {
    const { name } = request;
    const isAddressGroup = addressGroupNames.parse(name) !== undefined;
    if (!isAddressGroup) requireSecurityGroup(name);
    await store.read(async (reading) => {
      if (isAddressGroup) await existing(reading, addressGroups, name);
      else await existing(reading, securityGroups, name);
    });
    const scope = `rules that name ${name}`;
    const { items, nextPageToken } = await listPage(store, rules, { request, selection: naming(name), scope });
    return { securityGroupRules: items, nextPageToken };
  };
}

/** The name is of no address group: then it is to be of a security group. */
function requireSecurityGroup(name: string): void {
  const violations = new Violations();
  const template = `${securityGroupNames.template} or ${addressGroupNames.template}`;
  checkName(violations, 'name', name, { ...securityGroupNames, template });
  refuse(violations);
}
