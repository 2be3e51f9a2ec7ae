import { existing, listPage, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { projectNames, securityGroupNames } from '../names.js';
import { createSecurityGroup } from './create-security-group.js';
import { deleteSecurityGroup } from './delete-security-group.js';
import { updateSecurityGroup } from './update-security-group.js';

type SecurityGroupHandlers = Pick<
  Handlers,
  'createSecurityGroup' | 'getSecurityGroup' | 'listSecurityGroups' | 'updateSecurityGroup' | 'deleteSecurityGroup'
>;

export function securityGroupHandlers(dependencies: Dependencies): SecurityGroupHandlers {
  const { store } = dependencies;
  return {
    createSecurityGroup: createSecurityGroup(dependencies),
    updateSecurityGroup: updateSecurityGroup(dependencies),
    deleteSecurityGroup: deleteSecurityGroup(dependencies),

    getSecurityGroup: async ({ name }) => {
      requireName('name', name, securityGroupNames);
      const { value } = await store.read((reading) => existing(reading, securityGroups, name));
      return { securityGroup: value };
    },

    listSecurityGroups: async (request) => {
      requireName('parent', request.parent, projectNames);
      const prefix = `${request.parent}/securityGroups/`;
      const page = await listPage(store, securityGroups, { request, selection: { prefix }, scope: prefix });
      return { securityGroups: page.items, nextPageToken: page.nextPageToken };
    },
  };
}
