import type { DescMethod, DescService } from '@bufbuild/protobuf';
import {
  dispatchV1,
  enforceV1,
  healthV1,
  inventoryV1,
  policyV1,
  reflectionV1,
  reflectionV1alpha,
} from '@portcullis/api';

/**
 * Who may call a method.
 *
 * - `open`: everybody, also unknown callers.
 * - `read`, `write`, `provision`: who has that grant in every project that the request names (and it names one). Networks
 *   that something is put on are passed over; hosts are of no project. `system` may read.
 * - `read everything`: `system`.
 * - `enforce`: the enforcer of the host that the request names.
 * - `admin`: nobody else. Admins may call everything.
 */
export type Rule = 'open' | 'read' | 'write' | 'provision' | 'read everything' | 'enforce' | 'admin';

type RulesOf<Desc extends DescService> = Readonly<Record<keyof Desc['method'], Rule>>;

const policy: RulesOf<typeof policyV1.PolicyService> = {
  createSecurityGroup: 'write',
  getSecurityGroup: 'read',
  listSecurityGroups: 'read',
  updateSecurityGroup: 'write',
  deleteSecurityGroup: 'write',
  batchGetSecurityGroups: 'read',
  batchCreateSecurityGroups: 'write',
  batchUpdateSecurityGroups: 'write',
  batchDeleteSecurityGroups: 'write',
  batchCreateSecurityGroupRules: 'write',
  createSecurityGroupRule: 'write',
  getSecurityGroupRule: 'read',
  listSecurityGroupRules: 'read',
  updateSecurityGroupRule: 'write',
  deleteSecurityGroupRule: 'write',
  batchGetSecurityGroupRules: 'read',
  batchUpdateSecurityGroupRules: 'write',
  batchDeleteSecurityGroupRules: 'write',
  listReferencingRules: 'read',
  createAddressGroup: 'write',
  getAddressGroup: 'read',
  listAddressGroups: 'read',
  updateAddressGroup: 'write',
  deleteAddressGroup: 'write',
  batchGetAddressGroups: 'read',
  batchCreateAddressGroups: 'write',
  batchUpdateAddressGroups: 'write',
  batchDeleteAddressGroups: 'write',
  addCidrs: 'write',
  removeCidrs: 'write',
  attachNetworks: 'write',
  detachNetworks: 'write',
  addNics: 'write',
  removeNics: 'write',
  listMemberships: 'read',
  setNicSecurityGroups: 'write',
  addVmInstance: 'write',
  removeVmInstance: 'write',
  listCandidateNics: 'read',
  getProjectQuota: 'read',
  updateProjectQuota: 'admin',
  getDefaultRules: 'read',
  updateDefaultRules: 'write',
  importSecurityGroups: 'write',
  exportProject: 'read',
  watch: 'read everything',
};

const inventory: RulesOf<typeof inventoryV1.InventoryService> = {
  createNetwork: 'admin',
  getNetwork: 'read',
  listNetworks: 'read',
  updateNetwork: 'admin',
  deleteNetwork: 'admin',
  batchGetNetworks: 'read',
  batchCreateNetworks: 'admin',
  batchUpdateNetworks: 'admin',
  batchDeleteNetworks: 'admin',
  createHost: 'admin',
  getHost: 'read everything',
  listHosts: 'read everything',
  updateHost: 'admin',
  deleteHost: 'admin',
  batchGetHosts: 'read everything',
  batchCreateHosts: 'admin',
  batchUpdateHosts: 'admin',
  batchDeleteHosts: 'admin',
  createVmInstance: 'provision',
  getVmInstance: 'read',
  listVmInstances: 'read',
  updateVmInstance: 'provision',
  deleteVmInstance: 'provision',
  batchGetVmInstances: 'read',
  batchCreateVmInstances: 'provision',
  batchUpdateVmInstances: 'provision',
  batchDeleteVmInstances: 'provision',
  createNic: 'provision',
  getNic: 'read',
  listNics: 'read',
  batchGetNics: 'read',
  updateNic: 'provision',
  deleteNic: 'provision',
  batchCreateNics: 'provision',
  batchUpdateNics: 'provision',
  batchDeleteNics: 'provision',
  createNicBinding: 'admin',
  getNicBinding: 'read',
  listNicBindings: 'read',
  updateNicBinding: 'admin',
  deleteNicBinding: 'admin',
  batchGetNicBindings: 'read',
  batchCreateNicBindings: 'admin',
  batchUpdateNicBindings: 'admin',
  batchDeleteNicBindings: 'admin',
  exportProject: 'read',
  watch: 'read everything',
};

const dispatch: RulesOf<typeof dispatchV1.DispatchService> = {
  waitForEnforcement: 'read',
  getHostStatus: 'read everything',
  listHostStatuses: 'read everything',
  getNicStatus: 'read',
  listRuleHits: 'read',
  watchStatus: 'read everything',
};

const enforce: RulesOf<typeof enforceV1.EnforceService> = {
  sync: 'enforce',
  report: 'enforce',
};

const openServices: ReadonlySet<string> = new Set([
  healthV1.Health.typeName,
  reflectionV1.ServerReflection.typeName,
  reflectionV1alpha.ServerReflection.typeName,
]);

const rules: ReadonlyMap<string, Readonly<Record<string, Rule>>> = new Map<string, Readonly<Record<string, Rule>>>([
  [policyV1.PolicyService.typeName, policy],
  [inventoryV1.InventoryService.typeName, inventory],
  [dispatchV1.DispatchService.typeName, dispatch],
  [enforceV1.EnforceService.typeName, enforce],
]);

/** A method that is not in the tables is for admins. */
export function ruleOf(method: DescMethod): Rule {
  return explicitRuleOf(method) ?? 'admin';
}

export function explicitRuleOf({ parent, localName }: DescMethod): Rule | undefined {
  return openServices.has(parent.typeName) ? 'open' : rules.get(parent.typeName)?.[localName];
}
