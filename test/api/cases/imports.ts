import { policyV1 } from '@portcullis/api';
import { type ApiCase, exists, type Failing, invalid, missing } from '../api-case.js';
import { network, project } from '../things.js';

const { AWS, OPENSTACK, PORTCULLIS, ZSTACK } = policyV1.ImportFormat;

function imported(
  what: string,
  format: policyV1.ImportFormat,
  document: unknown,
  failing: Failing,
  more: object = {},
): ApiCase {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  return [what, 'policy.importSecurityGroups', { parent: project, format, document: text, ...more }, failing];
}

const malformed = (...places: string[]) => invalid(...places.map((place) => `document${place} DOCUMENT_MALFORMED`));
const aws = (...groups: object[]) => ({
  SecurityGroups: groups.map((group, i) => ({ GroupId: `sg-${i}`, GroupName: `new-${i}`, ...group })),
});
const permission = (more: object) => aws({ IpPermissions: [{ IpProtocol: 'tcp', ...more }] });
const neutron = (rule: object) => ({
  security_groups: [{ id: 'i', name: 'new', security_group_rules: [{ direction: 'ingress', ...rule }] }],
});
const zstack = (rule: object) => ({
  inventories: [{ uuid: 'u', name: 'new', rules: [{ type: 'Ingress', protocol: 'TCP', ...rule }] }],
});
const exported = (more: object) => ({
  ...{ format: 'portcullis.policy.v1', project: 'projects/x', securityGroups: [], securityGroupRules: [], ...more },
});
const x = (id: string) => `projects/x/securityGroups/${id}`;

/** Documents to import: malformed ones of every format, hostile ones, wider ones. */
export const importCases: readonly ApiCase[] = [
  imported('half a document', AWS, '{"SecurityGroups": [', malformed('')),
  imported('a text', AWS, '"SecurityGroups"', malformed('')),
  imported('a number', OPENSTACK, '1e999', malformed('')),
  imported('null', ZSTACK, 'null', malformed('')),
  imported('100 000 brackets', AWS, '['.repeat(100_000), malformed('')),
  imported(
    '100 000 nested objects',
    PORTCULLIS,
    `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
    malformed('.format', '.project', '.securityGroups', '.securityGroupRules'),
  ),
  imported('groups that are no list', AWS, { SecurityGroups: { length: 3 } }, malformed('.SecurityGroups')),
  imported('a group that is a list', AWS, { SecurityGroups: [[]] }, malformed('.SecurityGroups[0]')),
  imported(
    'keys of every object in place of groups',
    AWS,
    '{"__proto__": {"SecurityGroups": []}, "constructor": {}}',
    malformed('.SecurityGroups'),
  ),
  imported(
    'an empty id',
    AWS,
    { SecurityGroups: [{ GroupId: '', GroupName: '' }] },
    malformed('.SecurityGroups[0].GroupId'),
  ),
  imported(
    'a port as a text',
    AWS,
    permission({ FromPort: '80', ToPort: 80 }),
    malformed('.SecurityGroups[0].IpPermissions[0].FromPort'),
  ),
  imported(
    'a port with a fraction',
    AWS,
    permission({ FromPort: 80.5, ToPort: 81 }),
    malformed('.SecurityGroups[0].IpPermissions[0].FromPort'),
  ),
  imported(
    'a port beyond all',
    AWS,
    permission({ FromPort: 80, ToPort: 70_000 }),
    malformed('.SecurityGroups[0].IpPermissions[0].ToPort'),
  ),
  imported(
    'a port below -1',
    AWS,
    permission({ FromPort: -2, ToPort: 80 }),
    malformed('.SecurityGroups[0].IpPermissions[0].FromPort'),
  ),
  imported(
    'a type of ICMP that is none',
    AWS,
    aws({ IpPermissions: [{ IpProtocol: 'icmp', FromPort: 256, ToPort: -1, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }] }),
    invalid('document.SecurityGroups[0].IpPermissions[0].IpRanges[0].icmp_type ICMP_OUT_OF_RANGE'),
  ),
  imported('IPv6 among IPv4', AWS, permission({ IpRanges: [{ CidrIp: '2001:db8::/32' }] }), {
    ...malformed('.SecurityGroups[0].IpPermissions[0].IpRanges[0].CidrIp'),
    says: '"2001:db8::/32" is not a CIDR of IPv4',
  }),
  imported('two groups of one id', AWS, aws({ GroupId: 'same' }, { GroupId: 'same' }), malformed('.SecurityGroups[1]')),
  imported('an id that is taken here', AWS, aws({ GroupName: 'g' }), exists(`${project}/securityGroups/g`)),
  imported(
    'rules that are missing',
    OPENSTACK,
    { security_groups: [{ id: 'i', name: 'n' }] },
    malformed('.security_groups[0].security_group_rules'),
  ),
  imported(
    'a direction that is none',
    OPENSTACK,
    neutron({ direction: 'both' }),
    malformed('.security_groups[0].security_group_rules[0].direction'),
  ),
  imported(
    'an ethertype that is none',
    OPENSTACK,
    neutron({ ethertype: 'IPv5' }),
    malformed('.security_groups[0].security_group_rules[0].ethertype'),
  ),
  imported(
    'a protocol beyond 255',
    OPENSTACK,
    neutron({ protocol: 256 }),
    malformed('.security_groups[0].security_group_rules[0].protocol'),
  ),
  imported('a prefix that is none', OPENSTACK, neutron({ remote_ip_prefix: 'all' }), {
    ...malformed('.security_groups[0].security_group_rules[0].remote_ip_prefix'),
    says: '"all" is not a CIDR',
  }),
  imported(
    'IPv6 as IPv4',
    OPENSTACK,
    {
      security_group: {
        id: 'i',
        name: 'new',
        security_group_rules: [
          { direction: 'ingress', ethertype: 'IPv4', protocol: 'tcp', port_range_min: 9, port_range_max: 1 },
        ],
      },
    },
    invalid('document.security_group.security_group_rules[0].end_port PORT_RANGE_INVERTED'),
  ),
  imported(
    'a stateless group allows more here',
    OPENSTACK,
    { security_groups: [{ id: 'i', name: 'new', stateful: false, security_group_rules: [] }] },
    {
      code: 'FailedPrecondition',
      reason: 'IMPORT_WIDER',
      subjects: ['security_groups[0].stateful'],
      says: '1 findings',
    },
  ),
  imported(
    'a drop that would be allowed here',
    ZSTACK,
    {
      inventories: [
        {
          uuid: 'u',
          name: 'new',
          rules: [
            { type: 'Ingress', protocol: 'TCP', action: 'DROP', srcIpRange: '10.0.0.1', priority: 1 },
            { type: 'Ingress', protocol: 'TCP', action: 'ACCEPT', srcIpRange: '10.0.0.0/8', priority: 2 },
          ],
        },
      ],
    },
    { code: 'FailedPrecondition', reason: 'IMPORT_WIDER', subjects: ['inventories[0].rules[0]'], says: 'allow_wider' },
  ),
  imported(
    'an inverted range of addresses',
    ZSTACK,
    zstack({ srcIpRange: '10.0.0.9-10.0.0.1' }),
    malformed('.inventories[0].rules[0].srcIpRange'),
  ),
  imported(
    'an inverted range of ports',
    ZSTACK,
    zstack({ dstPortRange: '90-80' }),
    malformed('.inventories[0].rules[0].dstPortRange'),
  ),
  imported(
    'a port of six digits',
    ZSTACK,
    zstack({ dstPortRange: '100000' }),
    malformed('.inventories[0].rules[0].dstPortRange'),
  ),
  imported(
    'a state that is none',
    ZSTACK,
    { inventories: [{ uuid: 'u', name: 'n', state: 'enabled' }] },
    malformed('.inventories[0].state'),
  ),
  imported(
    'a port beyond the last',
    ZSTACK,
    zstack({ dstPortRange: '65536' }),
    invalid(
      'document.inventories[0].rules[0].start_port PORT_OUT_OF_RANGE',
      'document.inventories[0].rules[0].end_port PORT_OUT_OF_RANGE',
    ),
  ),
  imported('a version that is to come', PORTCULLIS, exported({ format: 'portcullis.policy.v2' }), malformed('.format')),
  imported(
    'a field that this version does not know',
    PORTCULLIS,
    exported({ securityGroups: [{ name: x('a'), deny: true }] }),
    {
      ...malformed('.securityGroups[0]'),
      says: 'deny',
    },
  ),
  imported(
    'a rule of no group',
    PORTCULLIS,
    exported({ securityGroupRules: [{ name: `${x('a')}/rules/r` }] }),
    malformed('.securityGroupRules[0].name'),
  ),
  imported(
    'a rule that names a group that is not in the document',
    PORTCULLIS,
    exported({
      securityGroups: [{ name: x('a') }],
      securityGroupRules: [{ name: `${x('a')}/rules/r`, remoteSecurityGroup: x('b') }],
    }),
    malformed('.securityGroupRules[0].remoteSecurityGroup'),
  ),
  imported(
    'rules that are malformed in each part',
    PORTCULLIS,
    exported({
      securityGroups: [{ name: x('a') }],
      securityGroupRules: [
        {
          name: `${x('a')}/rules/R`,
          direction: 'DIRECTION_INGRESS',
          protocol: 'PROTOCOL_TCP',
          startPort: 0,
          cidr: 'x',
        },
      ],
    }),
    invalid(
      'document.securityGroupRules[0].start_port PORT_OUT_OF_RANGE',
      'document.securityGroupRules[0].end_port PORT_REQUIRED',
      'document.securityGroupRules[0].cidr CIDR_MALFORMED',
      'document.securityGroupRules[0].name RESOURCE_ID_MALFORMED',
    ),
  ),
  imported(
    'the same rule twice',
    PORTCULLIS,
    exported({
      securityGroups: [{ name: x('a') }],
      securityGroupRules: ['r', 's'].map((id) => ({
        ...{ name: `${x('a')}/rules/${id}`, direction: 'DIRECTION_INGRESS', protocol: 'PROTOCOL_ALL' },
      })),
    }),
    { ...malformed('.securityGroupRules[1]'), says: 'is the same rule as document.securityGroupRules[0]' },
  ),
  imported(
    'a rule whose remote group is an address group: it must not come to name nobody, and match all',
    PORTCULLIS,
    exported({
      securityGroups: [{ name: x('a') }],
      securityGroupRules: [
        {
          ...{ name: `${x('a')}/rules/r`, direction: 'DIRECTION_INGRESS', protocol: 'PROTOCOL_ALL' },
          remoteSecurityGroup: 'projects/x/addressGroups/l',
        },
      ],
      addressGroups: [{ name: 'projects/x/addressGroups/l' }],
    }),
    malformed('.securityGroupRules[0].remoteSecurityGroup'),
  ),
  imported(
    'a rule whose address group is a group',
    PORTCULLIS,
    exported({
      securityGroups: [{ name: x('a') }],
      securityGroupRules: [{ name: `${x('a')}/rules/r`, addressGroup: x('a') }],
    }),
    malformed('.securityGroupRules[0].addressGroup'),
  ),
  imported(
    'an address group twice',
    PORTCULLIS,
    exported({ addressGroups: ['a', 'a'].map((id) => ({ name: `projects/x/addressGroups/${id}` })) }),
    malformed('.addressGroups[1]'),
  ),
  imported(
    'a rule twice by its name',
    PORTCULLIS,
    exported({
      securityGroups: [{ name: x('a') }],
      securityGroupRules: [1, 2].map((startPort) => ({
        ...{ name: `${x('a')}/rules/r`, direction: 'DIRECTION_INGRESS', protocol: 'PROTOCOL_TCP' },
        ...{ startPort, endPort: 9 },
      })),
    }),
    malformed('.securityGroupRules[1]'),
  ),
  imported(
    'an id that is empty',
    PORTCULLIS,
    exported({ securityGroups: [{ name: '' }] }),
    invalid('document.securityGroups[0].name FIELD_REQUIRED'),
  ),
  imported(
    'networks that are not there',
    PORTCULLIS,
    exported({ securityGroups: [{ name: x('a'), networks: ['projects/x/networks/gone'] }] }),
    missing(network('gone')),
  ),
  imported(
    'networks that are malformed',
    PORTCULLIS,
    exported({ securityGroups: [{ name: x('a'), networks: ['gone'] }] }),
    invalid('document.securityGroups[0].networks[0] NAME_MALFORMED'),
  ),
  imported('networks to attach that are not there', AWS, aws({}), missing(network('gone')), {
    networks: [network('a'), network('gone')],
  }),
  imported('a format of the future', 5 as policyV1.ImportFormat, '{}', {
    ...invalid('format ENUM_VALUE_UNKNOWN'),
    says: '5 is not known',
  }),
  imported('one byte too many', AWS, ' '.repeat((3 << 20) + 1), {
    ...invalid('document DOCUMENT_TOO_LARGE'),
    says: 'has 3145729 bytes; the most is 3145728',
  }),
  imported('bytes are counted, not characters', AWS, 'ä'.repeat((3 << 19) + 1), invalid('document DOCUMENT_TOO_LARGE')),
  imported('a million nothings', AWS, `{"SecurityGroups":[${'0,'.repeat(1_000_000)}0]}`, {
    ...invalid('document DOCUMENT_TOO_LARGE'),
    says: 'more than 300000 values',
  }),
  imported('a million commas', ZSTACK, zstack({ srcIpRange: ','.repeat(1_000_000) }), {
    ...malformed('.inventories[0].rules[0].srcIpRange'),
    says: '"" is not an address',
  }),
  imported(
    'rules of 100 000 pairs',
    ZSTACK,
    zstack({
      srcIpRange: Array.from({ length: 400 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(),
      dstPortRange: Array.from({ length: 250 }, (_, i) => i + 1).join(),
    }),
    { ...invalid('document.inventories[0].rules[0] DOCUMENT_TOO_LARGE'), says: 'more than 10000 groups and rules' },
  ),
  imported(
    'more ports than can be compared',
    ZSTACK,
    zstack({ dstPortRange: Array(500_000).fill('1').join() }),
    invalid('document DOCUMENT_TOO_LARGE'),
  ),
  imported(
    'an address group that many rules name',
    OPENSTACK,
    {
      ...neutron({}),
      security_groups: [
        {
          id: 'i',
          name: 'new',
          security_group_rules: Array(200).fill({ direction: 'ingress', remote_address_group_id: 'l' }),
        },
      ],
      address_groups: [{ id: 'l', addresses: Array.from({ length: 100 }, (_, i) => `10.0.0.${i}`) }],
    },
    { ...invalid('document.security_groups[0].security_group_rules[100] DOCUMENT_TOO_LARGE'), says: 'import less' },
  ),
  imported(
    'too many groups of one name and one id',
    AWS,
    { SecurityGroups: Array(15_000).fill({ GroupId: 'a', GroupName: 'a' }) },
    invalid('document DOCUMENT_TOO_LARGE'),
  ),
];
