import { type ApiCase, invalid } from '../api-case.js';
import { ag, goodRule, network, nic, project, sg, vm } from '../things.js';

const malformed = { ...invalid('request_id REQUEST_ID_MALFORMED'), says: 'is not a UUID: 8-4-4-4-12' };
const requestId = '6f1c0a52-3f0c-4b8e-9f0a-1d2e3f40516';

/** Ids of requests: of every kind of change, and those that are used again. */
export const requestIdCases: readonly ApiCase[] = [
  ['of a creation', 'policy.createSecurityGroup', { parent: project, requestId }, malformed],
  ['of an import', 'policy.importSecurityGroups', { parent: project, requestId }, malformed],
  ['of a NIC that joins', 'policy.setNicSecurityGroups', { nic: nic('v-a'), requestId: `${requestId}g` }, malformed],
  ['of a VM that joins', 'policy.addVmInstance', { vmInstance: vm('v'), requestId: `{${requestId}0}` }, malformed],
  ['of CIDRs', 'policy.addCidrs', { addressGroup: ag('list'), requestId: ` ${requestId}0` }, malformed],
  ['of a quota', 'policy.updateProjectQuota', { requestId: `${requestId}0\n` }, malformed],
  ['of default rules', 'policy.updateDefaultRules', { requestId: '0' }, malformed],
  ['of a batch', 'policy.batchDeleteSecurityGroups', { parent: project, requestId: '-' }, malformed],
  ['of a host', 'inventory.createHost', { hostId: 'x', requestId: '1' }, malformed],
  ['of a batch of NICs', 'inventory.batchUpdateNics', { parent: project, requestId: '1' }, malformed],
  [
    'of another request of the same kind',
    'policy.createSecurityGroup',
    ({ done }) => ({ ...done, securityGroupId: 'other' }),
    { ...invalid('request_id REQUEST_ID_REUSED'), says: 'another request in the last 24 hours' },
  ],
  [
    'of a request of another kind',
    'policy.createAddressGroup',
    ({ done }) => ({ parent: project, requestId: done.requestId }),
    invalid('request_id REQUEST_ID_REUSED'),
  ],
  [
    'in capital letters it is the same id',
    'policy.deleteSecurityGroup',
    ({ done }) => ({ name: sg('plain'), requestId: done.requestId.toUpperCase() }),
    invalid('request_id REQUEST_ID_REUSED'),
  ],
  [
    'of another request that would fail anyway',
    'policy.attachNetworks',
    ({ done }) => ({ securityGroup: sg('g'), networks: [network('nobody')], requestId: done.requestId }),
    invalid('request_id REQUEST_ID_REUSED'),
  ],
  [
    'of another request that is malformed',
    'policy.createSecurityGroupRule',
    ({ done }) => ({ parent: sg('g'), securityGroupRule: { ...goodRule, cidr: 'x' }, requestId: done.requestId }),
    invalid('request_id REQUEST_ID_REUSED'),
  ],
  [
    'of a batch that repeats a request in it',
    'policy.batchCreateSecurityGroups',
    ({ done }) => ({ parent: project, requests: [{ parent: project, requestId: done.requestId }] }),
    { ...invalid('requests[0].request_id FIELD_NOT_SETTABLE'), says: 'the batch as a whole' },
  ],
];
