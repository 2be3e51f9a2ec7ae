import type { policyV1 } from '@portcullis/api';
import { batch, batchGet, existing, listPage, once, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { projectNames, securityGroupNames } from '../names.js';
import { groupCreation } from './create-security-group.js';
import { groupDeletion } from './delete-security-group.js';
import { groupUpdate } from './update-security-group.js';

type SecurityGroupHandlers = Pick<
  Handlers,
  | 'createSecurityGroup'
  | 'getSecurityGroup'
  | 'listSecurityGroups'
  | 'updateSecurityGroup'
  | 'deleteSecurityGroup'
  | 'batchGetSecurityGroups'
  | 'batchCreateSecurityGroups'
  | 'batchUpdateSecurityGroups'
  | 'batchDeleteSecurityGroups'
>;

export function securityGroupHandlers(dependencies: Dependencies): SecurityGroupHandlers {
  const { store, commit } = dependencies;
  const creation = groupCreation(dependencies);
  const change = groupUpdate(dependencies);
  const removal = groupDeletion(dependencies);
  const one = (made: policyV1.SecurityGroup) => ({ securityGroup: made });
  const many = (made: policyV1.SecurityGroup[]) => ({ securityGroups: made });
  return {
    createSecurityGroup: once(commit, creation, one),
    updateSecurityGroup: once(commit, change, one),
    deleteSecurityGroup: once(commit, removal, () => ({})),

    batchGetSecurityGroups: batchGet(store, { collection: securityGroups, names: securityGroupNames, answer: many }),
    batchCreateSecurityGroups: batch(commit, creation, { subject: ['parent', ({ parent }) => parent], answer: many }),
    batchUpdateSecurityGroups: batch(commit, change, {
      subject: ['security_group.name', ({ securityGroup }) => securityGroup?.name],
      answer: many,
    }),
    batchDeleteSecurityGroups: batch(commit, removal, {
      subject: ['name', ({ name }) => name],
      answer: () => ({}),
    }),

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
