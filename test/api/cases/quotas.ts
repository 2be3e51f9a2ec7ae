import { type ApiCase, invalid, overQuota } from '../api-case.js';
import { goodRule } from '../things.js';

const full = 'projects/full';
const group = (id: string) => `${full}/securityGroups/${id}`;
const quotaUpdate = (limits: object, ...paths: string[]) => ({
  projectQuota: { name: `${full}/quota`, ...limits },
  updateMask: { paths },
});
const emptyDocument = (count: number) =>
  JSON.stringify({
    SecurityGroups: Array.from({ length: count }, (_, i) => ({ GroupId: `sg-${i}`, GroupName: `g${i}` })),
  });

/** Quotas: of everything that has one; whose it is and what it allows. */
export const quotaCases: readonly ApiCase[] = [
  ['of groups', 'policy.createSecurityGroup', { parent: full }, overQuota(full, 'has 2 groups, 1 more would exceed 2')],
  [
    'of groups, by an update that would make one',
    'policy.updateSecurityGroup',
    { securityGroup: { name: group('three') }, updateMask: { paths: ['description'] }, allowMissing: true },
    overQuota(full, 'has 2 groups, 1 more would exceed 2'),
  ],
  [
    'of groups, in a batch',
    'policy.batchCreateSecurityGroups',
    { parent: full, requests: [{ parent: full }] },
    { ...overQuota(full, 'has 2 groups, 1 more would exceed 2'), request: 'requests[0]' },
  ],
  [
    'of groups, by an import',
    'policy.importSecurityGroups',
    { parent: full, format: 2, document: emptyDocument(1) },
    overQuota(full, 'has 2 groups, 1 more would exceed 2'),
  ],
  [
    'of rules, automatic ones included',
    'policy.batchCreateSecurityGroupRules',
    { parent: group('one'), securityGroupRules: [goodRule, { ...goodRule, endPort: 23 }] },
    overQuota(group('one'), 'has 2 rules, 2 more would exceed 3'),
  ],
  [
    'of rules, by an expansion',
    'policy.batchCreateSecurityGroupRules',
    { parent: group('one'), expansions: [{ ...goodRule, portRanges: [1, 2, 3].map((startPort) => ({ startPort })) }] },
    overQuota(group('one'), 'has 2 rules, 3 more would exceed 3'),
  ],
  [
    'of NICs',
    'policy.addNics',
    { securityGroup: group('one'), nics: [`${full}/nics/n1`, `${full}/nics/n2`] },
    overQuota(group('one'), 'has 1 NICs, 1 more would exceed 1'),
  ],
  [
    'of the groups of a NIC',
    'policy.addNics',
    { securityGroup: group('two'), nics: [`${full}/nics/n1`] },
    overQuota(`${full}/nics/n1`, 'has 1 groups, 1 more would exceed 1'),
  ],
  [
    'of the groups of a NIC that are set',
    'policy.setNicSecurityGroups',
    { nic: `${full}/nics/n2`, securityGroups: [group('two'), group('one')] },
    { code: 'ResourceExhausted', reason: 'QUOTA_EXCEEDED' },
  ],
  [
    'of the NICs of a group that a VM joins',
    'policy.addVmInstance',
    { vmInstance: `${full}/vmInstances/v`, securityGroups: [group('two')] },
    overQuota(group('two'), 'has 0 NICs, 2 more would exceed 1'),
  ],
  [
    'of address groups',
    'policy.createAddressGroup',
    { parent: full },
    overQuota(full, 'has 1 address groups, 1 more would exceed 1'),
  ],
  [
    'of CIDRs that are added',
    'policy.addCidrs',
    { addressGroup: `${full}/addressGroups/list`, cidrs: ['198.51.100.0/24'] },
    overQuota(`${full}/addressGroups/list`, 'has 1 CIDRs, 1 more would exceed 1'),
  ],
  [
    'of CIDRs that replace others',
    'policy.updateAddressGroup',
    {
      addressGroup: { name: `${full}/addressGroups/list`, cidrs: ['10.0.0.0/8', '11.0.0.0/8', '12.0.0.0/8'] },
      updateMask: { paths: ['cidrs'] },
    },
    overQuota(`${full}/addressGroups/list`, 'has 1 CIDRs, 2 more would exceed 1'),
  ],
  ['of no project', 'policy.getProjectQuota', { name: 'projects//quota' }, invalid('name NAME_MALFORMED')],
  [
    'below nothing',
    'policy.updateProjectQuota',
    quotaUpdate({ groupsPerProject: -1, nicsPerGroup: -(2 ** 31) }, 'groups_per_project', 'nics_per_group'),
    {
      ...invalid('project_quota.groups_per_project OUT_OF_RANGE', 'project_quota.nics_per_group OUT_OF_RANGE'),
      says: '-1',
    },
  ],
  [
    'of more CIDRs than a set can hold',
    'policy.updateProjectQuota',
    quotaUpdate({ cidrsPerAddressGroup: 10_001 }, 'cidrs_per_address_group'),
    { ...invalid('project_quota.cidrs_per_address_group OUT_OF_RANGE'), says: '10001' },
  ],
  [
    'of what only the service counts',
    'policy.updateProjectQuota',
    quotaUpdate({}, 'usage', 'usage.group_count', 'update_time'),
    invalid('update_mask FIELD_IMMUTABLE', 'update_mask FIELD_UNKNOWN', 'update_mask FIELD_IMMUTABLE'),
  ],
];
