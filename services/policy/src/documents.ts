import { policyV1 } from '@portcullis/api';
import { Collection } from '@portcullis/store/resource';
import { membershipName } from './names.js';
import { ruleIdentity } from './rule/rule-identity.js';

/** What policy stores. */
export const securityGroups = new Collection({
  kind: 'securityGroup',
  schema: policyV1.SecurityGroupSchema,
  nameOf: ({ name }) => name,
  linksOf: ({ networks }) => ({ network: networks }),
});

export const addressGroups = new Collection({
  kind: 'addressGroup',
  schema: policyV1.AddressGroupSchema,
  nameOf: ({ name }) => name,
});

export const rules = new Collection({
  kind: 'securityGroupRule',
  schema: policyV1.SecurityGroupRuleSchema,
  nameOf: ({ name }) => name,
  linksOf: ({ remoteSecurityGroup, addressGroup, expireTime, expired }) => ({
    remote: [remoteSecurityGroup, addressGroup].filter((name) => name !== ''),
    expiry: expireTime === undefined || expired ? [] : ['pending'],
  }),
  claimsOf: (rule) => [ruleIdentity(rule)],
});

/** Rules that name a security group or an address group as their peer. */
export function naming(group: string) {
  return { link: { name: 'remote', target: group } };
}

/** A note: no watch tells of it, because nothing that is enforced depends on it. */
export const projectQuotas = new Collection({
  kind: '_projectQuota',
  schema: policyV1.ProjectQuotaSchema,
  nameOf: ({ name }) => name,
});

/** A note as well: they say what new groups get, and no host. */
export const defaultRules = new Collection({
  kind: '_defaultRules',
  schema: policyV1.DefaultRulesSchema,
  nameOf: ({ name }) => name,
});

/** Rules whose time will come. */
export const pendingExpiry = { kind: rules.kind, link: { name: 'expiry', target: 'pending' } };

export const memberships = new Collection({
  kind: 'membership',
  schema: policyV1.MembershipSchema,
  nameOf: membershipName,
  linksOf: ({ nic, securityGroup, network }) => ({ nic: [nic], groupOnNetwork: [`${securityGroup} ${network}`] }),
});

/** Memberships of a group's NICs on one network. */
export function onNetwork(securityGroup: string, network: string) {
  return { link: { name: 'groupOnNetwork', target: `${securityGroup} ${network}` } };
}

/** Memberships of a group. */
export function ofGroup(securityGroup: string) {
  return { prefix: membershipName({ securityGroup, nic: '' }) };
}
