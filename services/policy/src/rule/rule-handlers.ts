import type { policyV1 } from '@portcullis/api';
import { batch, batchGet, deletion, existing, listPage, once, requireName } from '@portcullis/resource';
import type { Dependencies } from '../dependencies.js';
import { rules, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { ruleNames, securityGroupNames } from '../names.js';
import { batchCreateSecurityGroupRules, createSecurityGroupRule } from './create-rules.js';
import { listReferencingRules } from './list-referencing-rules.js';
import { ruleUpdate } from './update-rule.js';

type RuleHandlers = Pick<
  Handlers,
  | 'batchCreateSecurityGroupRules'
  | 'createSecurityGroupRule'
  | 'getSecurityGroupRule'
  | 'listSecurityGroupRules'
  | 'updateSecurityGroupRule'
  | 'deleteSecurityGroupRule'
  | 'listReferencingRules'
  | 'batchGetSecurityGroupRules'
  | 'batchUpdateSecurityGroupRules'
  | 'batchDeleteSecurityGroupRules'
>;

const ruleDeletion = deletion({
  collection: rules,
  names: ruleNames,
  remove: (tx, { name }: policyV1.DeleteSecurityGroupRuleRequest) => rules.delete(tx, [name]),
});

export function ruleHandlers(dependencies: Dependencies): RuleHandlers {
  const { store, commit } = dependencies;
  const change = ruleUpdate(dependencies);
  const many = (found: policyV1.SecurityGroupRule[]) => ({ securityGroupRules: found });
  return {
    batchCreateSecurityGroupRules: batchCreateSecurityGroupRules(dependencies),
    createSecurityGroupRule: createSecurityGroupRule(dependencies),
    listReferencingRules: listReferencingRules(dependencies),
    updateSecurityGroupRule: once(commit, change, (securityGroupRule) => ({ securityGroupRule })),
    deleteSecurityGroupRule: once(commit, ruleDeletion, () => ({})),

    batchGetSecurityGroupRules: batchGet(store, { collection: rules, names: ruleNames, answer: many }),
    batchUpdateSecurityGroupRules: batch(commit, change, {
      subject: ['security_group_rule.name', ({ securityGroupRule }) => securityGroupRule?.name],
      answer: many,
    }),
    batchDeleteSecurityGroupRules: batch(commit, ruleDeletion, {
      subject: ['name', ({ name }) => name],
      answer: () => ({}),
    }),

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
  };
}
