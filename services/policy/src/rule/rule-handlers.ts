import { existing, listPage, requireName, toDelete } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { rules, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { ruleNames, securityGroupNames } from '../names.js';
import { batchCreateSecurityGroupRules, createSecurityGroupRule } from './create-rules.js';
import { listReferencingRules } from './list-referencing-rules.js';
import { updateSecurityGroupRule } from './update-rule.js';

type RuleHandlers = Pick<
  Handlers,
  | 'batchCreateSecurityGroupRules'
  | 'createSecurityGroupRule'
  | 'getSecurityGroupRule'
  | 'listSecurityGroupRules'
  | 'updateSecurityGroupRule'
  | 'deleteSecurityGroupRule'
  | 'listReferencingRules'
>;

export function ruleHandlers(dependencies: Dependencies): RuleHandlers {
  const { store, commit } = dependencies;
  return {
    batchCreateSecurityGroupRules: batchCreateSecurityGroupRules(dependencies),
    createSecurityGroupRule: createSecurityGroupRule(dependencies),
    updateSecurityGroupRule: updateSecurityGroupRule(dependencies),
    listReferencingRules: listReferencingRules(dependencies),

    getSecurityGroupRule: async ({ name }) => {
      requireName('name', name, ruleNames);
      const { value } = await store.read((reading) => existing(reading, rules, name));
      return { securityGroupRule: value };
    },

    listSecurityGroupRules: async (request) => {
      requireName('parent', request.parent, securityGroupNames);
      await store.read((reading) => existing(reading, securityGroups, request.parent));
      const prefix = `${request.parent}/rules/`;
      const { items, nextPageToken } = await listPage(store, rules, { request, selection: { prefix }, scope: prefix });
      return { securityGroupRules: items, nextPageToken };
    },

    deleteSecurityGroupRule: async (request) => {
      const { name } = request;
      requireName('name', name, ruleNames);
      return commit(request, async (tx) => {
        if (await toDelete(tx, rules, request)) await rules.delete(tx, [name]);
        return {};
      });
    },
  };
}
