import { type ApiCase, exists, invalid, missing } from '../api-case.js';
import { ag, goodRule, host, network, nic, project, sg, vm } from '../things.js';

const create = (...ids: string[]) => ids.map((securityGroupId) => ({ parent: project, securityGroupId }));
const mask = (path: string) => ({ updateMask: { paths: [path] } });

/** Batches: which request it was, all or none, how many, of which project. */
export const batchCases: readonly ApiCase[] = [
  [
    'the second of three exists',
    'policy.batchCreateSecurityGroups',
    { parent: project, requests: create('new-1', 'g', 'new-2') },
    exists(sg('g'), { request: 'requests[1]', says: `requests[1]: ${sg('g')} exists already` }),
  ],
  [
    'the same id twice in one batch',
    'policy.batchCreateSecurityGroups',
    { parent: project, requests: create('new-1', 'new-1') },
    exists(sg('new-1'), { request: 'requests[1]' }),
  ],
  [
    'none',
    'policy.batchCreateSecurityGroups',
    { parent: project },
    { ...invalid('requests ITEM_COUNT_OUT_OF_RANGE'), says: 'has 0 items; 1-500 are allowed' },
  ],
  [
    'one too many, whatever else is wrong with them',
    'policy.batchCreateSecurityGroups',
    { parent: project, requests: Array(501).fill({ parent: 'x' }) },
    { ...invalid('requests ITEM_COUNT_OUT_OF_RANGE'), says: 'has 501 items' },
  ],
  [
    'of no project',
    'policy.batchCreateAddressGroups',
    { requests: [{ parent: project }] },
    invalid('parent FIELD_REQUIRED'),
  ],
  [
    'of every project',
    'policy.batchCreateAddressGroups',
    { parent: 'projects/-', requests: [{ parent: project }] },
    invalid('parent NAME_MALFORMED'),
  ],
  [
    'violations of several requests, each with its place',
    'policy.batchCreateSecurityGroups',
    {
      parent: project,
      requests: [
        { parent: project, securityGroupId: 'fine' },
        { parent: project, securityGroupId: 'NOT' },
        { parent: '', securityGroup: { state: 5 } },
        { parent: 'projects/q', validateOnly: true, requestId: 'x' },
      ],
    },
    invalid(
      'requests[1].security_group_id RESOURCE_ID_MALFORMED',
      'requests[2].parent FIELD_REQUIRED',
      'requests[2].security_group.state ENUM_VALUE_UNKNOWN',
      'requests[3].request_id FIELD_NOT_SETTABLE',
      'requests[3].validate_only FIELD_NOT_SETTABLE',
      'requests[3].parent PROJECT_MISMATCH',
    ),
  ],
  [
    'what is malformed is told before what is missing',
    'policy.batchUpdateSecurityGroups',
    {
      parent: project,
      requests: [
        { securityGroup: { name: sg('nobody') }, ...mask('description') },
        { securityGroup: { name: 'nobody' }, ...mask('description') },
      ],
    },
    invalid('requests[1].security_group.name NAME_MALFORMED'),
  ],
  [
    'an update of what is missing, after one that would be fine',
    'policy.batchUpdateAddressGroups',
    {
      parent: project,
      requests: [
        { addressGroup: { name: ag('list'), description: 'changed' }, ...mask('description') },
        { addressGroup: { name: ag('nobody') }, ...mask('description') },
      ],
    },
    { ...missing(ag('nobody')), request: 'requests[1]' },
  ],
  [
    'a deletion twice',
    'policy.batchDeleteSecurityGroups',
    { parent: project, requests: [{ name: sg('plain') }, { name: sg('plain') }] },
    { ...missing(sg('plain')), request: 'requests[1]' },
  ],
  [
    'a deletion of a rule that is missing',
    'policy.batchDeleteSecurityGroupRules',
    ({ rule }) => ({ parent: project, requests: [{ name: rule.name }, { name: `${sg('g')}/rules/nobody` }] }),
    { ...missing(`${sg('g')}/rules/nobody`), request: 'requests[1]' },
  ],
  [
    'rules of another project',
    'policy.batchUpdateSecurityGroupRules',
    ({ rule }) => ({
      parent: 'projects/q',
      requests: [{ securityGroupRule: { name: rule.name }, ...mask('disabled') }],
    }),
    invalid('requests[0].security_group_rule.name PROJECT_MISMATCH'),
  ],
  [
    'all that is missing is named',
    'policy.batchGetSecurityGroups',
    { parent: project, names: [sg('x'), sg('g'), sg('y'), sg('x')] },
    missing(sg('x'), sg('y')),
  ],
  [
    'of any project, one that is missing',
    'policy.batchGetAddressGroups',
    { parent: 'projects/-', names: [ag('list'), 'projects/q/addressGroups/x'] },
    missing('projects/q/addressGroups/x'),
  ],
  [
    'names of another kind and of another project',
    'policy.batchGetSecurityGroupRules',
    { parent: project, names: [ag('list'), 'projects/q/securityGroups/g/rules/r', ''] },
    invalid('names[0] NAME_MALFORMED', 'names[1] PROJECT_MISMATCH', 'names[2] FIELD_REQUIRED'),
  ],
  [
    'a batch that reads a revision of the other service',
    'policy.batchGetSecurityGroups',
    ({ inventoryToken }) => ({ parent: project, names: [sg('g')], minRevisionToken: inventoryToken }),
    invalid('min_revision_token REVISION_TOKEN_MALFORMED'),
  ],
  [
    'a deletion of a group that others name, in the middle',
    'policy.batchDeleteSecurityGroups',
    { parent: project, requests: [{ name: sg('plain') }, { name: sg('used') }, { name: sg('g') }] },
    { code: 'FailedPrecondition', reason: 'SECURITY_GROUP_IN_USE', request: 'requests[1]' },
  ],
  [
    'hosts: one exists',
    'inventory.batchCreateHosts',
    { requests: [{ hostId: 'h9' }, { hostId: 'h1' }] },
    exists(host('h1'), { request: 'requests[1]' }),
  ],
  [
    'NICs that want one address',
    'inventory.batchCreateNics',
    {
      parent: project,
      requests: [4, 5].map((i) => ({
        parent: project,
        nicId: `n${i}`,
        nic: {
          vmInstance: vm('bare'),
          network: network('a'),
          macAddress: `02:00:00:00:09:0${i}`,
          addresses: ['10.0.0.77'],
        },
      })),
    },
    exists(nic('n4'), { request: 'requests[1]', says: 'address 10.0.0.77 in routing domain d belongs to' }),
  ],
  [
    'bindings to a host that is missing',
    'inventory.batchCreateNicBindings',
    {
      parent: project,
      requests: ['h2', 'nobody'].map((id) => ({
        parent: nic('v-b'),
        nicBinding: { host: host(id), interfaceName: 'tap9' },
      })),
    },
    { ...missing(host('nobody')), request: 'requests[1]' },
  ],
  [
    'VMs of which one has NICs that are bound goes with them, but the other is missing',
    'inventory.batchDeleteVmInstances',
    { parent: project, requests: [{ name: vm('v') }, { name: vm('nobody') }] },
    { ...missing(vm('nobody')), request: 'requests[1]' },
  ],
  [
    'networks of which one is in use',
    'inventory.batchDeleteNetworks',
    { parent: project, requests: [{ name: network('a') }] },
    { code: 'FailedPrecondition', reason: 'NETWORK_IN_USE', subjects: [nic('v-a')], request: 'requests[0]' },
  ],
  [
    'rules are created for one group that must be there',
    'policy.batchCreateSecurityGroupRules',
    { parent: sg('nobody'), securityGroupRules: [goodRule] },
    missing(sg('nobody')),
  ],
];
