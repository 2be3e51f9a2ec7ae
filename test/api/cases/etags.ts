import { type ApiCase, changedSince } from '../api-case.js';
import { ag, host, network, nic, project, sg, vm } from '../things.js';

const stale = { etag: 'stale' };
const mask = { updateMask: { paths: ['description'] } };
const told = { ...changedSince, says: 'has changed: read it again' };

/** Etags: of every resource, when it is updated and when it is deleted. */
export const etagCases: readonly ApiCase[] = [
  [
    'of a group, as it was before',
    'policy.updateSecurityGroup',
    ({ staleEtag }) => ({ securityGroup: { name: sg('g'), etag: staleEtag }, updateMask: { paths: ['description'] } }),
    { ...told, says: `${sg('g')} has changed` },
  ],
  [
    'of a group that is deleted',
    'policy.deleteSecurityGroup',
    ({ staleEtag }) => ({ name: sg('g'), etag: staleEtag }),
    told,
  ],
  ['a deletion by force asks no less', 'policy.deleteSecurityGroup', { name: sg('used'), force: true, ...stale }, told],
  [
    'of a group that is not there any more',
    'policy.updateSecurityGroup',
    { securityGroup: { name: sg('nobody'), ...stale }, ...mask, allowMissing: true },
    { ...changedSince, says: 'does not exist: read it again' },
  ],
  [
    'of a rule',
    'policy.updateSecurityGroupRule',
    ({ rule }) => ({ securityGroupRule: { name: rule.name, ...stale }, ...mask }),
    told,
  ],
  ['of a rule that is deleted', 'policy.deleteSecurityGroupRule', ({ rule }) => ({ name: rule.name, ...stale }), told],
  ['of an address group', 'policy.updateAddressGroup', { addressGroup: { name: ag('list'), ...stale }, ...mask }, told],
  ['of an address group that is deleted', 'policy.deleteAddressGroup', { name: ag('list'), ...stale }, told],
  [
    'of a quota',
    'policy.updateProjectQuota',
    {
      projectQuota: { name: 'projects/full/quota', rulesPerGroup: 1, ...stale },
      updateMask: { paths: ['rules_per_group'] },
    },
    told,
  ],
  [
    'in a batch',
    'policy.batchUpdateSecurityGroups',
    {
      parent: project,
      requests: [
        { securityGroup: { name: sg('plain'), description: 'changed' }, ...mask },
        { securityGroup: { name: sg('g'), ...stale }, ...mask },
      ],
    },
    { ...changedSince, request: 'requests[1]', says: `requests[1]: ${sg('g')} has changed` },
  ],
  ['of a network', 'inventory.updateNetwork', { network: { name: network('a'), ...stale }, ...mask }, told],
  ['of a network that is deleted', 'inventory.deleteNetwork', { name: network('a'), ...stale }, told],
  ['of a host', 'inventory.updateHost', { host: { name: host('h1'), ...stale }, ...mask }, told],
  ['of a host that is deleted', 'inventory.deleteHost', { name: host('h2'), ...stale }, told],
  ['of a VM', 'inventory.updateVmInstance', { vmInstance: { name: vm('v'), ...stale }, ...mask }, told],
  ['of a VM that is deleted', 'inventory.deleteVmInstance', { name: vm('v'), ...stale }, told],
  ['of a NIC', 'inventory.updateNic', { nic: { name: nic('v-a'), ...stale }, ...mask }, told],
  ['of a NIC that is deleted', 'inventory.deleteNic', { name: nic('v-a'), ...stale }, told],
  [
    'of a binding',
    'inventory.updateNicBinding',
    { nicBinding: { name: `${nic('v-a')}/bindings/h1`, ...stale }, ...mask },
    told,
  ],
  ['of a binding that is deleted', 'inventory.deleteNicBinding', { name: `${nic('v-a')}/bindings/h1`, ...stale }, told],
];
