import { type ApiCase, invalid, missing } from '../api-case.js';
import { ag, goodRule, network, nic, project, sg, vm } from '../things.js';

const long = 'x'.repeat(10_000);
const control = '\u0000\u0007\u001b[2J\u202e';

/** Texts that do not belong where they are: long ones, control characters, other scripts. The reason arrives all the same. */
export const textCases: readonly ApiCase[] = [
  ['a name of 10 000 characters', 'policy.getSecurityGroup', { name: sg(long) }, invalid('name NAME_MALFORMED')],
  [
    'a project of 10 000 characters',
    'policy.listSecurityGroups',
    { parent: `projects/${long}` },
    invalid('parent NAME_MALFORMED'),
  ],
  [
    'a name with control characters',
    'policy.getSecurityGroup',
    { name: sg(`g${control}`) },
    { ...invalid('name NAME_MALFORMED'), says: '\\u0000\\u0007\\u001b' },
  ],
  ['a name with a line end', 'policy.getSecurityGroup', { name: `${sg('g')}\n` }, invalid('name NAME_MALFORMED')],
  ['letters that look alike', 'policy.getSecurityGroup', { name: sg('ɡ') }, invalid('name NAME_MALFORMED')],
  ['full width', 'inventory.getNic', { name: nic('ｎ') }, invalid('name NAME_MALFORMED')],
  [
    'a step upwards',
    'policy.getSecurityGroup',
    { name: `${project}/securityGroups/../addressGroups/list` },
    invalid('name NAME_MALFORMED'),
  ],
  ['percent signs', 'policy.getSecurityGroup', { name: sg('%67') }, invalid('name NAME_MALFORMED')],
  [
    'an id with NUL',
    'policy.createSecurityGroup',
    { parent: project, securityGroupId: 'a\0' },
    invalid('security_group_id RESOURCE_ID_MALFORMED'),
  ],
  [
    'a display name of 257 characters that are two units each',
    'policy.createSecurityGroup',
    { parent: project, securityGroup: { displayName: '\u{1f600}'.repeat(257) } },
    { ...invalid('security_group.display_name TEXT_TOO_LONG'), says: 'has 257 characters; the most is 256' },
  ],
  [
    'twelve values of another script: as many as fit into a trailer',
    'policy.createAddressGroup',
    { parent: project, addressGroup: { cidrs: Array.from({ length: 12 }, (_, i) => `${i} ${'語'.repeat(100)}`) } },
    invalid(...Array.from({ length: 7 }, (_, i) => `address_group.cidrs[${i}] CIDR_MALFORMED`)),
  ],
  [
    'a label with NUL',
    'policy.createSecurityGroup',
    { parent: project, securityGroup: { labels: { a: '\0', 'b\0': '' } } },
    invalid('security_group.labels LABEL_VALUE_MALFORMED', 'security_group.labels LABEL_KEY_MALFORMED'),
  ],
  [
    'a label of 10 000 characters',
    'policy.createSecurityGroup',
    { parent: project, securityGroup: { labels: { [`a${long}`]: long } } },
    invalid('security_group.labels LABEL_KEY_MALFORMED', 'security_group.labels LABEL_VALUE_MALFORMED'),
  ],
  [
    'a filter with control characters',
    'policy.listSecurityGroups',
    { parent: project, filter: control },
    invalid('filter FILTER_MALFORMED'),
  ],
  [
    'a token of 10 000 characters',
    'policy.listSecurityGroups',
    { parent: project, pageToken: long },
    invalid('page_token PAGE_TOKEN_MALFORMED'),
  ],
  [
    'an order of 10 000 characters',
    'policy.listSecurityGroups',
    { parent: project, orderBy: long },
    invalid('order_by ORDER_BY_MALFORMED'),
  ],
  [
    'a mask of 10 000 characters',
    'policy.updateSecurityGroup',
    { securityGroup: { name: sg('g') }, updateMask: { paths: [long] } },
    invalid('update_mask FIELD_UNKNOWN'),
  ],
  [
    'an id of a request of 10 000 characters',
    'policy.createSecurityGroup',
    { parent: project, requestId: long },
    invalid('request_id REQUEST_ID_MALFORMED'),
  ],
  [
    'an etag of 10 000 characters',
    'policy.deleteSecurityGroup',
    { name: sg('g'), etag: long },
    { code: 'Aborted', reason: 'ETAG_MISMATCH' },
  ],
  [
    'a MAC of 10 000 characters',
    'inventory.createNic',
    { parent: project, nic: { vmInstance: vm('v'), network: network('a'), macAddress: long } },
    invalid('nic.mac_address MAC_MALFORMED'),
  ],
  [
    'a CIDR with control characters',
    'policy.createSecurityGroupRule',
    { parent: sg('g'), securityGroupRule: { ...goodRule, cidr: `10.0.0.0/8${control}` } },
    { ...invalid('security_group_rule.cidr CIDR_MALFORMED'), says: '\\u0000' },
  ],
  [
    'the longest names of all, each missing',
    'policy.batchGetAddressGroups',
    {
      parent: `projects/${'p'.repeat(63)}`,
      names: Array.from(
        { length: 500 },
        (_, i) => `projects/${'p'.repeat(63)}/addressGroups/${'a'.repeat(59)}-${i + 100}`,
      ),
    },
    { code: 'NotFound', reason: 'RESOURCE_NOT_FOUND', says: 'addressGroups' },
  ],
  [
    'an address group that is the longest and missing',
    'policy.getAddressGroup',
    { name: ag('a'.repeat(63)) },
    missing(ag('a'.repeat(63))),
  ],
];
