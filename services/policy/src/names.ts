import { resourceName } from '@portcullis/store/resource';

/** Names of what policy owns, and of what it names in inventory. */
export const projectNames = resourceName('projects/{project}');
export const projectQuotaNames = resourceName('projects/{project}/quota');
export const defaultRulesNames = resourceName('projects/{project}/defaultRules');
export const securityGroupNames = resourceName('projects/{project}/securityGroups/{security_group}');
export const addressGroupNames = resourceName('projects/{project}/addressGroups/{address_group}');
/** What stands for the group itself in the default rules of new groups. */
export const newGroupNames = resourceName('projects/{project}/securityGroups/-');
export const ruleNames = resourceName('projects/{project}/securityGroups/{security_group}/rules/{rule}');
export const networkNames = resourceName('projects/{project}/networks/{network}');
export const vmInstanceNames = resourceName('projects/{project}/vmInstances/{vm_instance}');
export const nicNames = resourceName('projects/{project}/nics/{nic}');

/** The project of whatever is named. */
export function projectOf(name: string): string {
  return name.split('/', 2).join('/');
}

const membershipPart = '/memberships/';

/** Name of the document of a membership; the API gives it none. */
export function membershipName({ securityGroup, nic }: { securityGroup: string; nic: string }): string {
  return `${securityGroup}${membershipPart}${nic}`;
}

export function parseMembershipName(name: string): { securityGroup: string; nic: string } {
  const at = name.indexOf(membershipPart);
  return { securityGroup: name.slice(0, at), nic: name.slice(at + membershipPart.length) };
}

/** The group of a rule. */
export function groupOfRule(name: string): string {
  return name.slice(0, name.lastIndexOf('/rules/'));
}
