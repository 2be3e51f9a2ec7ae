import { type ApiCase, blocked, invalid, missing } from '../api-case.js';
import { host, network, nic, project, sg, vm } from '../things.js';

/** Who may join which group. */
export const membershipCases: readonly ApiCase[] = [
  [
    'a NIC that is not there',
    'policy.addNics',
    { securityGroup: sg('g'), nics: [nic('v-a'), nic('x')] },
    missing(nic('x')),
  ],
  ['a group that is not there', 'policy.addNics', { securityGroup: sg('x'), nics: [nic('v-a')] }, missing(sg('x'))],
  [
    'a NIC of another project',
    'policy.addNics',
    { securityGroup: sg('g'), nics: [nic('v-a'), 'projects/q/nics/n'] },
    { ...invalid('nics[1] PROJECT_MISMATCH'), says: '"projects/q/nics/n" is not of projects/p' },
  ],
  [
    'a VM in place of a NIC, a host, nothing',
    'policy.addNics',
    { securityGroup: sg('g'), nics: [vm('v'), host('h1'), ''] },
    invalid('nics[0] NAME_MALFORMED', 'nics[1] NAME_MALFORMED', 'nics[2] FIELD_REQUIRED'),
  ],
  [
    'a NIC whose network is not attached',
    'policy.addNics',
    { securityGroup: sg('g'), nics: [nic('v-a'), nic('v-b')] },
    { ...blocked('NETWORK_NOT_ATTACHED', nic('v-b')), says: `${sg('g')} is not attached to ${network('b')}` },
  ],
  [
    'a NIC that is not in it does not leave',
    'policy.removeNics',
    { securityGroup: sg('g'), nics: [nic('v-a'), nic('v-b')] },
    { ...missing(nic('v-b')), says: `not in ${sg('g')}` },
  ],
  [
    'nor leaves it a group that is not there',
    'policy.removeNics',
    { securityGroup: sg('x'), nics: [nic('v-a')] },
    missing(sg('x')),
  ],
  [
    'memberships of another project',
    'policy.listMemberships',
    { parent: project, securityGroup: 'projects/q/securityGroups/g', nic: 'projects/q/nics/n' },
    invalid('security_group PROJECT_MISMATCH', 'nic PROJECT_MISMATCH'),
  ],
  [
    'the groups of a NIC that is not there',
    'policy.setNicSecurityGroups',
    { nic: nic('x'), securityGroups: [sg('g')] },
    missing(nic('x')),
  ],
  ['a NIC that is not there leaves none', 'policy.setNicSecurityGroups', { nic: nic('x') }, missing(nic('x'))],
  [
    'groups that are not there: it leaves none of its own',
    'policy.setNicSecurityGroups',
    { nic: nic('v-a'), securityGroups: [sg('x'), sg('g'), sg('y')] },
    missing(sg('x'), sg('y')),
  ],
  [
    'a group that is not attached: it leaves none of its own',
    'policy.setNicSecurityGroups',
    { nic: nic('v-a'), securityGroups: [sg('plain')] },
    { ...blocked('NETWORK_NOT_ATTACHED', nic('v-a')), says: `${sg('plain')} is not attached to ${network('a')}` },
  ],
  [
    'groups of another project',
    'policy.setNicSecurityGroups',
    { nic: nic('v-a'), securityGroups: [sg('g'), 'projects/q/securityGroups/g'] },
    invalid('security_groups[1] PROJECT_MISMATCH'),
  ],
  [
    'a binding in place of a NIC',
    'policy.setNicSecurityGroups',
    { nic: `${nic('v-a')}/bindings/h1`, securityGroups: [sg('g')] },
    { ...invalid('nic NAME_MALFORMED'), says: 'projects/{project}/nics/{nic}' },
  ],
  [
    'a VM with one NIC whose network is not attached',
    'policy.addVmInstance',
    { vmInstance: vm('v'), securityGroups: [sg('g')] },
    blocked('NETWORK_NOT_ATTACHED', nic('v-b')),
  ],
  [
    'each NIC and each group is told',
    'policy.addVmInstance',
    { vmInstance: vm('v'), securityGroups: [sg('g'), sg('plain')] },
    blocked('NETWORK_NOT_ATTACHED', nic('v-b'), nic('v-a'), nic('v-b')),
  ],
  [
    'a VM without NICs',
    'policy.addVmInstance',
    { vmInstance: vm('bare'), securityGroups: [sg('g')] },
    blocked('VM_INSTANCE_WITHOUT_NICS', vm('bare')),
  ],
  [
    'a VM that is not there',
    'policy.addVmInstance',
    { vmInstance: vm('x'), securityGroups: [sg('g')] },
    missing(vm('x')),
  ],
  [
    'groups for a VM that are not there',
    'policy.addVmInstance',
    { vmInstance: vm('v'), securityGroups: [sg('x'), sg('y')], attachedOnly: true },
    missing(sg('x'), sg('y')),
  ],
  [
    'no groups for a VM',
    'policy.addVmInstance',
    { vmInstance: vm('v') },
    { ...invalid('security_groups ITEM_COUNT_OUT_OF_RANGE'), says: 'has 0 items; 1-100 are allowed' },
  ],
  [
    'a VM leaves no group that none of its NICs is in',
    'policy.removeVmInstance',
    { vmInstance: vm('v'), securityGroups: [sg('g'), sg('plain')] },
    { ...missing(sg('plain')), says: `no NIC of ${vm('v')} is in it` },
  ],
  [
    'a VM that is not there leaves none',
    'policy.removeVmInstance',
    { vmInstance: vm('x'), securityGroups: [sg('g')] },
    missing(vm('x')),
  ],
  [
    'a VM leaves no group that is not there',
    'policy.removeVmInstance',
    { vmInstance: vm('v'), securityGroups: [sg('x')] },
    missing(sg('x')),
  ],
];
