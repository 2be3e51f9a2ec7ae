import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { policyV1 } from '@portcullis/api';
import type { Handlers } from './handlers.js';
import { addressGroup, goodRule, group, network, nic, parent, type RuleInit, vm } from './testing/policy-world.js';

/** A method, a request, and everything that is wrong with it: field and reason. */
export type InvalidRequest = readonly [keyof Handlers, object, readonly string[]];

const { Direction, ImportFormat, Protocol } = policyV1;
const long = (length: number) => 'x'.repeat(length);
const manyLabels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, long(63)]));
const past = timestampFromDate(new Date(Date.now() - 1000));
const eon = { seconds: 253_402_300_800n, nanos: 0, $typeName: 'google.protobuf.Timestamp' as const };
const beforeTime = { ...eon, seconds: -9_000_000_000_000_000n };
const nanos = { ...past, nanos: 1_000_000_000 };

/** A rule that would be good but for these fields; violations are of the rule's fields. */
function rule(_what: string, more: RuleInit, ...violations: string[]): InvalidRequest {
  return [
    'createSecurityGroupRule',
    { parent: group('g'), securityGroupRule: goodRule(more) },
    violations.map((violation) => `security_group_rule.${violation}`),
  ];
}
const none = { startPort: undefined, endPort: undefined } as unknown as RuleInit;
const all: RuleInit = { protocol: Protocol.ALL, ...none };
const icmp: RuleInit = { protocol: Protocol.ICMP, ...none };
const udp: RuleInit = { protocol: Protocol.UDP };
const groupUpdate = (paths: string[], more: object = {}) => ({
  securityGroup: { name: group('g'), ...more },
  updateMask: { paths },
});
const ruleUpdate = (paths: string[], more: object = {}) => ({
  securityGroupRule: { name: `${group('g')}/rules/r`, ...more },
  updateMask: { paths },
});

const addressGroupUpdate = (paths: string[], more: object = {}) => ({
  addressGroup: { name: addressGroup('a'), ...more },
  updateMask: { paths },
});
const manyCidrs = (count: number) =>
  Array.from({ length: count }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);

const invalidAddressGroups: InvalidRequest[] = [
  ['createAddressGroup', {}, ['parent FIELD_REQUIRED']],
  ['createAddressGroup', { parent: group('g') }, ['parent NAME_MALFORMED']],
  ['createAddressGroup', { parent, addressGroupId: 'A' }, ['address_group_id RESOURCE_ID_MALFORMED']],
  [
    'createAddressGroup',
    { parent, addressGroup: { displayName: long(257), description: long(1025), labels: { A: '' } } },
    [
      'address_group.display_name TEXT_TOO_LONG',
      'address_group.description TEXT_TOO_LONG',
      'address_group.labels LABEL_KEY_MALFORMED',
    ],
  ],
  [
    'createAddressGroup',
    { parent, addressGroup: { cidrs: ['10.0.0.1/8', 'x', '::ffff:10.0.0.1', '', '10.0.0.0/8', '10.0.0.0/33', 'x'] } },
    [
      'address_group.cidrs[1] CIDR_MALFORMED',
      'address_group.cidrs[2] ADDRESS_IPV4_MAPPED',
      'address_group.cidrs[3] CIDR_MALFORMED',
      'address_group.cidrs[4] CIDR_REPEATED',
      'address_group.cidrs[5] CIDR_MALFORMED',
      'address_group.cidrs[6] CIDR_MALFORMED',
    ],
  ],
  [
    'createAddressGroup',
    { parent, addressGroup: { cidrs: manyCidrs(10_001) } },
    ['address_group.cidrs ITEM_COUNT_OUT_OF_RANGE'],
  ],
  ['getAddressGroup', { name: group('a') }, ['name NAME_MALFORMED']],
  ['listAddressGroups', { parent: 'p' }, ['parent NAME_MALFORMED']],
  ['listAddressGroups', { parent, pageSize: -1 }, ['page_size OUT_OF_RANGE']],
  ['listAddressGroups', { parent, filter: 'cidrs' }, ['filter FILTER_MALFORMED']],
  ['listAddressGroups', { parent, orderBy: 'version' }, ['order_by ORDER_BY_MALFORMED']],
  ['listAddressGroups', { parent, minRevisionToken: 'x' }, ['min_revision_token REVISION_TOKEN_MALFORMED']],
  ['updateAddressGroup', {}, ['address_group.name FIELD_REQUIRED', 'update_mask FIELD_REQUIRED']],
  [
    'updateAddressGroup',
    addressGroupUpdate(['version', 'cidr']),
    ['update_mask FIELD_IMMUTABLE', 'update_mask FIELD_UNKNOWN'],
  ],
  [
    'updateAddressGroup',
    addressGroupUpdate(['cidrs', 'display_name'], { cidrs: ['::1', '10.0.0.0/40', '::1/128'], displayName: long(257) }),
    [
      'address_group.display_name TEXT_TOO_LONG',
      'address_group.cidrs[1] CIDR_MALFORMED',
      'address_group.cidrs[2] CIDR_REPEATED',
    ],
  ],
  [
    'updateAddressGroup',
    { ...addressGroupUpdate(['labels'], { cidrs: ['x'] }), allowMissing: true },
    ['address_group.cidrs[0] CIDR_MALFORMED'],
  ],
  ['deleteAddressGroup', {}, ['name FIELD_REQUIRED']],
  ['deleteAddressGroup', { name: addressGroup('a'), requestId: 'x' }, ['request_id REQUEST_ID_MALFORMED']],
  ...(['addCidrs', 'removeCidrs'] as const).flatMap((method): InvalidRequest[] => [
    [method, {}, ['address_group FIELD_REQUIRED', 'cidrs ITEM_COUNT_OUT_OF_RANGE']],
    [method, { addressGroup: addressGroup('a'), cidrs: manyCidrs(1001) }, ['cidrs ITEM_COUNT_OUT_OF_RANGE']],
    [
      method,
      { addressGroup: 'a', cidrs: ['10.0.0.0/8', '10.0.0.0/33', '10.0.0.9/8'] },
      ['address_group NAME_MALFORMED', 'cidrs[1] CIDR_MALFORMED', 'cidrs[2] CIDR_REPEATED'],
    ],
  ]),
  [
    'updateProjectQuota',
    {
      projectQuota: { name: `${parent}/quota`, addressGroupsPerProject: -1, cidrsPerAddressGroup: 10_001 },
      updateMask: { paths: ['address_groups_per_project', 'cidrs_per_address_group'] },
    },
    ['project_quota.address_groups_per_project OUT_OF_RANGE', 'project_quota.cidrs_per_address_group OUT_OF_RANGE'],
  ],
];

const exported = {
  format: 'portcullis.policy.v1',
  project: 'projects/q',
  securityGroups: [],
  securityGroupRules: [],
};
const awsRule = (permission: object) => ({
  SecurityGroups: [{ GroupId: 'sg-1', GroupName: 'a', IpPermissions: [permission] }],
});

/** A document that is malformed in these places. */
function imported(format: policyV1.ImportFormat, document: unknown, ...places: string[]): InvalidRequest {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  return [
    'importSecurityGroups',
    { parent, format, document: text },
    places.map((place) => `document${place} DOCUMENT_MALFORMED`),
  ];
}

const invalidRules: InvalidRequest[] = [
  rule('unspecified direction', { direction: Direction.UNSPECIFIED }, 'direction FIELD_REQUIRED'),
  rule('unknown direction', { direction: 3 as never }, 'direction ENUM_VALUE_UNKNOWN'),
  rule('unspecified protocol', { protocol: Protocol.UNSPECIFIED }, 'protocol FIELD_REQUIRED'),
  rule('unknown protocol', { protocol: 17 as never }, 'protocol ENUM_VALUE_UNKNOWN'),
  rule('TCP without ports', none, 'start_port PORT_REQUIRED', 'end_port PORT_REQUIRED'),
  rule('UDP without ports', { ...udp, ...none }, 'start_port PORT_REQUIRED', 'end_port PORT_REQUIRED'),
  rule('TCP without an end', { endPort: undefined } as never, 'end_port PORT_REQUIRED'),
  rule('TCP without a start', { startPort: undefined } as never, 'start_port PORT_REQUIRED'),
  rule('port 0', { startPort: 0, endPort: 0 }, 'start_port PORT_OUT_OF_RANGE', 'end_port PORT_OUT_OF_RANGE'),
  rule('from port 0', { startPort: 0, endPort: 80 }, 'start_port PORT_OUT_OF_RANGE'),
  rule('to port 65536', { startPort: 80, endPort: 65_536 }, 'end_port PORT_OUT_OF_RANGE'),
  rule('port -1 of TCP', { startPort: -1, endPort: -1 }, 'start_port PORT_OUT_OF_RANGE', 'end_port PORT_OUT_OF_RANGE'),
  rule('inverted', { startPort: 81, endPort: 80 }, 'end_port PORT_RANGE_INVERTED'),
  rule('inverted UDP', { ...udp, startPort: 65_535, endPort: 1 }, 'end_port PORT_RANGE_INVERTED'),
  rule('a port on ALL', { protocol: Protocol.ALL }, 'start_port PORT_NOT_ALLOWED', 'end_port PORT_NOT_ALLOWED'),
  rule('port -1 on ALL', { ...all, startPort: -1 }, 'start_port PORT_NOT_ALLOWED'),
  rule('port 0 on ALL', { ...all, endPort: 0 }, 'end_port PORT_NOT_ALLOWED'),
  rule('a port on ICMP', { protocol: Protocol.ICMP }, 'start_port PORT_NOT_ALLOWED', 'end_port PORT_NOT_ALLOWED'),
  rule('port 0 on ICMP', { ...icmp, startPort: 0, endPort: -1 }, 'start_port PORT_NOT_ALLOWED'),
  rule('a type on TCP', { icmpType: 8 }, 'icmp_type ICMP_NOT_ALLOWED'),
  rule(
    'a type and a code on ALL',
    { ...all, icmpType: 8, icmpCode: 0 },
    'icmp_type ICMP_NOT_ALLOWED',
    'icmp_code ICMP_NOT_ALLOWED',
  ),
  rule('a type below 0', { ...icmp, icmpType: -1 }, 'icmp_type ICMP_OUT_OF_RANGE'),
  rule('a type above 255', { ...icmp, icmpType: 256 }, 'icmp_type ICMP_OUT_OF_RANGE'),
  rule('a code above 255', { ...icmp, icmpType: 3, icmpCode: 256 }, 'icmp_code ICMP_OUT_OF_RANGE'),
  rule('a code without a type', { ...icmp, icmpCode: 0 }, 'icmp_code ICMP_TYPE_REQUIRED'),
  ...[
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/08',
    '010.0.0.0/8',
    '256.0.0.0/8',
    '2001:db8::/129',
    '2001:db8:::/32',
    'fe80::1%eth0',
    '/8',
    ' 10.0.0.0/8',
    '10.0.0.0/8\n',
    'anywhere',
    '10.0.0.0/8 -j ACCEPT',
  ].map((cidr) => rule(cidr, { cidr }, 'cidr CIDR_MALFORMED')),
  rule('a mapped CIDR', { cidr: '::ffff:10.0.0.0/104' }, 'cidr ADDRESS_IPV4_MAPPED'),
  rule('a mapped address', { cidr: '::ffff:10.0.0.1' }, 'cidr ADDRESS_IPV4_MAPPED'),
  rule('no address group', { addressGroup: group('g') }, 'address_group NAME_MALFORMED'),
  rule('of another project', { addressGroup: 'projects/q/addressGroups/a' }, 'address_group PROJECT_MISMATCH'),
  rule(
    'a CIDR and an address group',
    { addressGroup: addressGroup('a'), cidr: '10.0.0.0/8' },
    'address_group ADDRESS_GROUP_NOT_ALLOWED',
  ),
  rule('no name', { remoteSecurityGroup: 'web' }, 'remote_security_group NAME_MALFORMED'),
  rule('quotes', { remoteSecurityGroup: `${group('g')}"` }, 'remote_security_group NAME_MALFORMED'),
  rule(
    'another project',
    { remoteSecurityGroup: 'projects/q/securityGroups/g' },
    'remote_security_group PROJECT_MISMATCH',
  ),
  rule('a long description', { description: long(1025) }, 'description TEXT_TOO_LONG'),
  rule('a time that has passed', { expireTime: past }, 'expire_time EXPIRE_TIME_PAST'),
  rule('a time before all time', { expireTime: beforeTime }, 'expire_time TIMESTAMP_MALFORMED'),
  rule('the year 10000', { expireTime: eon }, 'expire_time TIMESTAMP_MALFORMED'),
  rule('too many nanoseconds', { expireTime: nanos }, 'expire_time TIMESTAMP_MALFORMED'),
  rule(
    'everything at once',
    { direction: 9 as never, startPort: 0, icmpType: 1, cidr: 'x', remoteSecurityGroup: 'x', expireTime: past },
    'direction ENUM_VALUE_UNKNOWN',
    'start_port PORT_OUT_OF_RANGE',
    'icmp_type ICMP_NOT_ALLOWED',
    'cidr CIDR_MALFORMED',
    'remote_security_group NAME_MALFORMED',
    'expire_time EXPIRE_TIME_PAST',
  ),
];

const expansion = (more: object = {}) => ({
  direction: Direction.INGRESS,
  protocol: Protocol.TCP,
  portRanges: [{ startPort: 1 }],
  ...more,
});

/** Expansions; violations are of theirs. */
function expanded(_what: string, expansions: object[], ...violations: string[]): InvalidRequest {
  return [
    'batchCreateSecurityGroupRules',
    { parent: group('g'), expansions },
    violations.map((violation) => `expansions${violation}`),
  ];
}

const invalidExpansions: InvalidRequest[] = [
  expanded('nothing', [{}], '[0].direction FIELD_REQUIRED', '[0].protocol FIELD_REQUIRED'),
  expanded(
    'what there is not',
    [expansion(), { direction: 3, protocol: 9 }],
    '[1].direction ENUM_VALUE_UNKNOWN',
    '[1].protocol ENUM_VALUE_UNKNOWN',
  ),
  expanded(
    'TCP and UDP without ports',
    [expansion({ portRanges: [] }), expansion({ portRanges: [], protocol: Protocol.UDP })],
    '[0].port_ranges PORT_REQUIRED',
    '[1].port_ranges PORT_REQUIRED',
    ' ITEM_COUNT_OUT_OF_RANGE',
  ),
  expanded(
    'ports of ICMP and ALL',
    [expansion({ protocol: Protocol.ICMP }), expansion({ protocol: Protocol.ALL })],
    '[0].port_ranges PORT_NOT_ALLOWED',
    '[1].port_ranges PORT_NOT_ALLOWED',
  ),
  expanded(
    'ports',
    [expansion(), expansion({ portRanges: [{ startPort: 7 }, { startPort: 0 }, { startPort: 9, endPort: 8 }] })],
    '[1].port_ranges[1].start_port PORT_OUT_OF_RANGE',
    '[1].port_ranges[2].end_port PORT_RANGE_INVERTED',
  ),
  expanded(
    'ports above the last',
    [expansion({ portRanges: [{ startPort: 65_536 }, { startPort: 1, endPort: 65_536 }] })],
    '[0].port_ranges[0].start_port PORT_OUT_OF_RANGE',
    '[0].port_ranges[1].end_port PORT_OUT_OF_RANGE',
  ),
  expanded(
    'peers',
    [
      expansion({
        cidrs: ['10.0.0.0/8', 'x', ''],
        addressGroups: ['a', 'projects/q/addressGroups/a'],
        remoteSecurityGroups: ['', 'projects/q/securityGroups/g'],
      }),
    ],
    '[0].cidrs[1] CIDR_MALFORMED',
    '[0].cidrs[2] CIDR_MALFORMED',
    '[0].address_groups[0] NAME_MALFORMED',
    '[0].address_groups[1] PROJECT_MISMATCH',
    '[0].remote_security_groups[0] FIELD_REQUIRED',
    '[0].remote_security_groups[1] PROJECT_MISMATCH',
  ),
  expanded(
    'the rest',
    [expansion({ description: long(1025), labels: { A: '' }, expireTime: past })],
    '[0].description TEXT_TOO_LONG',
    '[0].labels LABEL_KEY_MALFORMED',
    '[0].expire_time EXPIRE_TIME_PAST',
  ),
  expanded(
    'too many rules',
    [
      expansion({ cidrs: Array(167).fill('10.0.0.0/8'), portRanges: Array(2).fill({ startPort: 1 }) }),
      expansion({ cidrs: Array(167).fill('10.0.0.0/8') }),
    ],
    ' ITEM_COUNT_OUT_OF_RANGE',
  ),
  expanded(
    'far too many rules',
    [expansion({ cidrs: Array(50_000).fill('::/0'), portRanges: Array(50_000).fill({ startPort: 1 }) })],
    ' ITEM_COUNT_OUT_OF_RANGE',
  ),
  expanded(
    'too much text',
    [expansion({ cidrs: Array(500).fill('::/0'), description: '\u{1f600}'.repeat(1024), labels: manyLabels(64) })],
    ' EXPANSION_TOO_LARGE',
  ),
];

const defaultRulesUpdate = (paths: string[], more: object = {}) => ({
  defaultRules: { name: `${parent}/defaultRules`, ...more },
  updateMask: { paths },
});

const invalidDefaultRules: InvalidRequest[] = [
  ['getDefaultRules', { name: parent }, ['name NAME_MALFORMED']],
  ['getDefaultRules', { minRevisionToken: 'x' }, ['min_revision_token REVISION_TOKEN_MALFORMED']],
  ['updateDefaultRules', {}, ['default_rules.name FIELD_REQUIRED', 'update_mask FIELD_REQUIRED']],
  [
    'updateDefaultRules',
    defaultRulesUpdate(['etag', 'rule']),
    ['update_mask FIELD_IMMUTABLE', 'update_mask FIELD_UNKNOWN'],
  ],
  [
    'updateDefaultRules',
    defaultRulesUpdate(['rules'], {
      rules: [
        goodRule({ remoteSecurityGroup: `${parent}/securityGroups/-` }),
        goodRule({ endPort: 1, cidr: 'x', remoteSecurityGroup: 'projects/q/securityGroups/-' }),
        goodRule({ ...icmp, icmpCode: 1, expireTime: past, labels: { A: '' } }),
        goodRule({ remoteSecurityGroup: '-' }),
        {},
      ],
    }),
    [
      '[1].remote_security_group PROJECT_MISMATCH',
      '[1].end_port PORT_RANGE_INVERTED',
      '[1].cidr CIDR_MALFORMED',
      '[2].icmp_code ICMP_TYPE_REQUIRED',
      '[2].labels LABEL_KEY_MALFORMED',
      '[2].expire_time EXPIRE_TIME_PAST',
      '[3].remote_security_group NAME_MALFORMED',
      '[4].direction FIELD_REQUIRED',
      '[4].protocol FIELD_REQUIRED',
    ].map((violation) => `default_rules.rules${violation}`),
  ],
  [
    'updateDefaultRules',
    defaultRulesUpdate(['rules'], { rules: Array(101).fill(goodRule()) }),
    ['default_rules.rules ITEM_COUNT_OUT_OF_RANGE'],
  ],
  rule(
    'the group that is made, which default rules alone may name',
    { remoteSecurityGroup: `${parent}/securityGroups/-` },
    'remote_security_group NAME_MALFORMED',
  ),
];

export const invalidRequests: InvalidRequest[] = [
  ...invalidDefaultRules,
  ...invalidRules,
  ...invalidAddressGroups,
  [
    'createSecurityGroupRule',
    {},
    ['parent', 'security_group_rule.direction', 'security_group_rule.protocol'].map(
      (field) => `${field} FIELD_REQUIRED`,
    ),
  ],
  ['createSecurityGroupRule', { parent, securityGroupRule: goodRule() }, ['parent NAME_MALFORMED']],
  ['batchCreateSecurityGroupRules', { parent: group('g') }, ['security_group_rules ITEM_COUNT_OUT_OF_RANGE']],
  [
    'batchCreateSecurityGroupRules',
    { parent: group('g'), securityGroupRules: Array(501).fill(goodRule()) },
    ['security_group_rules ITEM_COUNT_OUT_OF_RANGE'],
  ],
  [
    'batchCreateSecurityGroupRules',
    { parent: group('g'), securityGroupRules: [goodRule(), goodRule({ cidr: 'x' }), goodRule({ endPort: 1 })] },
    ['security_group_rules[1].cidr CIDR_MALFORMED', 'security_group_rules[2].end_port PORT_RANGE_INVERTED'],
  ],
  ...invalidExpansions,
  ['getSecurityGroupRule', { name: group('g') }, ['name NAME_MALFORMED']],
  ['listSecurityGroupRules', { parent: `${group('g')}/rules` }, ['parent NAME_MALFORMED']],
  ['deleteSecurityGroupRule', {}, ['name FIELD_REQUIRED']],
  ['listReferencingRules', {}, ['name FIELD_REQUIRED']],
  ['listReferencingRules', { name: 'projects/p/addressGroups/A' }, ['name NAME_MALFORMED']],
  ['listReferencingRules', { name: group('g'), orderBy: 'port' }, ['order_by ORDER_BY_MALFORMED']],
  ['updateSecurityGroupRule', {}, ['security_group_rule.name FIELD_REQUIRED', 'update_mask FIELD_REQUIRED']],
  ['updateSecurityGroupRule', ruleUpdate(['start_port']), ['update_mask FIELD_IMMUTABLE']],
  [
    'updateSecurityGroupRule',
    ruleUpdate(['expired', 'port']),
    ['update_mask FIELD_IMMUTABLE', 'update_mask FIELD_UNKNOWN'],
  ],
  [
    'updateSecurityGroupRule',
    ruleUpdate(['expire_time'], { expireTime: past }),
    ['security_group_rule.expire_time EXPIRE_TIME_PAST'],
  ],
  [
    'updateSecurityGroupRule',
    ruleUpdate(['description'], { description: long(1025) }),
    ['security_group_rule.description TEXT_TOO_LONG'],
  ],

  ['createSecurityGroup', {}, ['parent FIELD_REQUIRED']],
  ['createSecurityGroup', { parent, securityGroupId: 'Web' }, ['security_group_id RESOURCE_ID_MALFORMED']],
  ['createSecurityGroup', { parent, securityGroupId: 'web"' }, ['security_group_id RESOURCE_ID_MALFORMED']],
  [
    'createSecurityGroup',
    { parent, securityGroup: { displayName: long(257) } },
    ['security_group.display_name TEXT_TOO_LONG'],
  ],
  [
    'createSecurityGroup',
    { parent, securityGroup: { description: long(1025) } },
    ['security_group.description TEXT_TOO_LONG'],
  ],
  ['createSecurityGroup', { parent, securityGroup: { state: 3 } }, ['security_group.state ENUM_VALUE_UNKNOWN']],
  [
    'createSecurityGroup',
    { parent, securityGroup: { networks: [network('net1')] } },
    ['security_group.networks FIELD_NOT_SETTABLE'],
  ],
  ['createSecurityGroup', { parent, requestId: 'again' }, ['request_id REQUEST_ID_MALFORMED']],
  ['addNics', { securityGroup: group('g'), nics: [nic('n1')], requestId: '1' }, ['request_id REQUEST_ID_MALFORMED']],
  [
    'createSecurityGroup',
    { parent, securityGroup: { labels: { Tier: 'web', tier: 'w b', '': 'x', long: long(64) } } },
    ['KEY', 'VALUE', 'KEY', 'VALUE'].map((part) => `security_group.labels LABEL_${part}_MALFORMED`),
  ],
  [
    'createSecurityGroup',
    { parent, securityGroup: { labels: manyLabels(65) } },
    ['security_group.labels ITEM_COUNT_OUT_OF_RANGE'],
  ],
  rule('a label', { labels: { [long(64)]: '' } }, 'labels LABEL_KEY_MALFORMED'),
  [
    'updateSecurityGroup',
    groupUpdate(['labels'], { labels: { '1': '' } }),
    ['security_group.labels LABEL_KEY_MALFORMED'],
  ],
  ['updateSecurityGroup', groupUpdate(['etag']), ['update_mask FIELD_IMMUTABLE']],
  ...[
    '(',
    'name',
    'name =',
    'nope = 1',
    'labels = a',
    'name = "a" name = "b"',
    'NOT',
    'name = a)',
    'name > a',
    'create_time = 1',
  ].map((filter): InvalidRequest => ['listSecurityGroups', { parent, filter }, ['filter FILTER_MALFORMED']]),
  ['listSecurityGroups', { parent, orderBy: 'uid' }, ['order_by ORDER_BY_MALFORMED']],
  ['listSecurityGroups', { parent, orderBy: 'name down' }, ['order_by ORDER_BY_MALFORMED']],
  ['listSecurityGroups', { parent, minRevisionToken: 'x' }, ['min_revision_token REVISION_TOKEN_MALFORMED']],
  ['getProjectQuota', { name: parent }, ['name NAME_MALFORMED']],
  ['updateProjectQuota', {}, ['project_quota.name FIELD_REQUIRED', 'update_mask FIELD_REQUIRED']],
  [
    'updateProjectQuota',
    {
      projectQuota: { name: `${parent}/quota`, rulesPerGroup: -1 },
      updateMask: { paths: ['rules_per_group', 'usage', 'x'] },
    },
    ['update_mask FIELD_IMMUTABLE', 'update_mask FIELD_UNKNOWN', 'project_quota.rules_per_group OUT_OF_RANGE'],
  ],
  ['getSecurityGroup', { name: 'securityGroups/g' }, ['name NAME_MALFORMED']],
  ['listSecurityGroups', { parent: 'projects/-' }, ['parent NAME_MALFORMED']],
  ['listSecurityGroups', { parent, pageSize: -5 }, ['page_size OUT_OF_RANGE']],
  ['updateSecurityGroup', {}, ['security_group.name FIELD_REQUIRED', 'update_mask FIELD_REQUIRED']],
  ['updateSecurityGroup', groupUpdate(['networks']), ['update_mask FIELD_IMMUTABLE']],
  ['updateSecurityGroup', groupUpdate(['*']), ['update_mask FIELD_UNKNOWN']],
  ['updateSecurityGroup', groupUpdate(['state']), ['security_group.state FIELD_REQUIRED']],
  ['updateSecurityGroup', groupUpdate(['established_flows']), ['security_group.established_flows FIELD_REQUIRED']],
  [
    'createSecurityGroup',
    { parent, securityGroup: { establishedFlows: 9 } },
    ['security_group.established_flows ENUM_VALUE_UNKNOWN'],
  ],
  [
    'updateSecurityGroup',
    groupUpdate(['display_name'], { displayName: long(257) }),
    ['security_group.display_name TEXT_TOO_LONG'],
  ],
  ['deleteSecurityGroup', { name: parent }, ['name NAME_MALFORMED']],

  ['attachNetworks', {}, ['security_group FIELD_REQUIRED', 'networks ITEM_COUNT_OUT_OF_RANGE']],
  [
    'attachNetworks',
    { securityGroup: group('g'), networks: ['', 'net1'] },
    ['networks[0] FIELD_REQUIRED', 'networks[1] NAME_MALFORMED'],
  ],
  ['detachNetworks', { securityGroup: 'g', networks: [network('net1')] }, ['security_group NAME_MALFORMED']],
  ['addNics', { securityGroup: group('g') }, ['nics ITEM_COUNT_OUT_OF_RANGE']],
  [
    'addNics',
    { securityGroup: group('g'), nics: ['n1', 'projects/q/nics/n'] },
    ['nics[0] NAME_MALFORMED', 'nics[1] PROJECT_MISMATCH'],
  ],
  ['addNics', { securityGroup: group('g'), nics: Array(501).fill(nic('n1')) }, ['nics ITEM_COUNT_OUT_OF_RANGE']],
  ['removeNics', {}, ['security_group FIELD_REQUIRED', 'nics ITEM_COUNT_OUT_OF_RANGE']],
  [
    'listMemberships',
    { securityGroup: 'g', nic: 'projects/q/nics/n', parent },
    ['security_group NAME_MALFORMED', 'nic PROJECT_MISMATCH'],
  ],
  ['listMemberships', { parent, filter: 'name = x' }, ['filter FILTER_MALFORMED']],
  ['listMemberships', { parent, filter: 'nic =' }, ['filter FILTER_MALFORMED']],
  ['listMemberships', { parent, orderBy: 'create_time' }, ['order_by ORDER_BY_MALFORMED']],
  ['listMemberships', { parent, orderBy: 'nic' }, ['order_by ORDER_BY_MALFORMED']],
  ['setNicSecurityGroups', {}, ['nic FIELD_REQUIRED']],
  [
    'setNicSecurityGroups',
    { nic: 'n1', securityGroups: ['g', group('g'), ''] },
    ['nic NAME_MALFORMED', 'security_groups[0] NAME_MALFORMED', 'security_groups[2] FIELD_REQUIRED'],
  ],
  [
    'setNicSecurityGroups',
    { nic: nic('n1'), securityGroups: ['projects/q/securityGroups/g'] },
    ['security_groups[0] PROJECT_MISMATCH'],
  ],
  [
    'setNicSecurityGroups',
    { nic: nic('n1'), securityGroups: Array(501).fill(group('g')) },
    ['security_groups ITEM_COUNT_OUT_OF_RANGE'],
  ],
  ...(['addVmInstance', 'removeVmInstance'] as const).flatMap((method): InvalidRequest[] => [
    [method, {}, ['vm_instance FIELD_REQUIRED', 'security_groups ITEM_COUNT_OUT_OF_RANGE']],
    [
      method,
      { vmInstance: vm('v'), securityGroups: ['projects/q/securityGroups/g', 'g'] },
      ['security_groups[0] PROJECT_MISMATCH', 'security_groups[1] NAME_MALFORMED'],
    ],
    [
      method,
      { vmInstance: nic('n1'), securityGroups: Array(101).fill(group('g')) },
      ['vm_instance NAME_MALFORMED', 'security_groups ITEM_COUNT_OUT_OF_RANGE'],
    ],
  ]),
  ['listCandidateNics', {}, ['security_group FIELD_REQUIRED']],
  ['listCandidateNics', { securityGroup: group('g'), pageSize: -1 }, ['page_size OUT_OF_RANGE']],
  ['listCandidateNics', { securityGroup: group('g'), pageToken: 'x' }, ['page_token PAGE_TOKEN_MALFORMED']],

  ['batchGetSecurityGroups', { parent, names: [] }, ['names ITEM_COUNT_OUT_OF_RANGE']],
  ['batchGetSecurityGroups', { names: [group('g')] }, ['parent FIELD_REQUIRED']],
  [
    'batchGetSecurityGroupRules',
    { parent, names: [group('g'), `${group('g')}/rules/r`.replace('/p/', '/q/')] },
    ['names[0] NAME_MALFORMED', 'names[1] PROJECT_MISMATCH'],
  ],
  [
    'batchGetAddressGroups',
    { parent, names: Array(501).fill(group('g')) },
    ['names ITEM_COUNT_OUT_OF_RANGE', ...Array.from({ length: 11 }, (_, i) => `names[${i}] NAME_MALFORMED`)],
  ],
  ['batchUpdateSecurityGroups', { parent }, ['requests ITEM_COUNT_OUT_OF_RANGE']],
  [
    'batchUpdateSecurityGroups',
    { parent, requests: [groupUpdate(['state']), { ...groupUpdate(['display_name']), validateOnly: true }] },
    ['requests[0].security_group.state FIELD_REQUIRED', 'requests[1].validate_only FIELD_NOT_SETTABLE'],
  ],
  [
    'batchUpdateSecurityGroups',
    {
      parent,
      requests: [
        { ...groupUpdate(['description'], { name: group('new'), state: 9 }), allowMissing: true },
        groupUpdate(['uid']),
      ],
    },
    ['requests[1].update_mask FIELD_IMMUTABLE', 'requests[0].security_group.state ENUM_VALUE_UNKNOWN'],
  ],
  [
    'batchCreateSecurityGroups',
    { parent: 'p', requests: [{ parent: 'projects/q' }, { parent, securityGroup: { networks: [network('net1')] } }] },
    ['parent NAME_MALFORMED', 'requests[1].security_group.networks FIELD_NOT_SETTABLE'],
  ],
  [
    'batchUpdateSecurityGroupRules',
    { parent, requests: [ruleUpdate(['expire_time'], { expireTime: past }), ruleUpdate(['cidr'])] },
    ['requests[0].security_group_rule.expire_time EXPIRE_TIME_PAST', 'requests[1].update_mask FIELD_IMMUTABLE'],
  ],
  [
    'batchCreateAddressGroups',
    { parent, requests: [{ parent, addressGroup: { cidrs: ['10.0.0.0/8', 'x'] } }, { parent: 'projects/q' }] },
    ['requests[0].address_group.cidrs[1] CIDR_MALFORMED', 'requests[1].parent PROJECT_MISMATCH'],
  ],
  [
    'batchDeleteSecurityGroups',
    { parent: 'projects/q', requests: [{ name: group('g') }] },
    ['requests[0].name PROJECT_MISMATCH'],
  ],

  ['importSecurityGroups', {}, ['parent FIELD_REQUIRED', 'format FIELD_REQUIRED', 'document FIELD_REQUIRED']],
  [
    'importSecurityGroups',
    { parent: group('g'), format: 9, document: '{}', networks: ['net1'] },
    ['parent NAME_MALFORMED', 'format ENUM_VALUE_UNKNOWN', 'networks[0] NAME_MALFORMED'],
  ],
  [
    'importSecurityGroups',
    { parent, format: ImportFormat.AWS, document: '{}', networks: Array(501).fill(network('net1')) },
    ['networks ITEM_COUNT_OUT_OF_RANGE'],
  ],
  [
    'importSecurityGroups',
    { parent, format: ImportFormat.AWS, document: long(3_145_729) },
    ['document DOCUMENT_TOO_LARGE'],
  ],
  imported(ImportFormat.AWS, 'no JSON', ''),
  imported(ImportFormat.AWS, [], ''),
  imported(ImportFormat.AWS, {}, '.SecurityGroups'),
  imported(ImportFormat.AWS, { SecurityGroups: [{}] }, '.SecurityGroups[0].GroupId', '.SecurityGroups[0].GroupName'),
  imported(
    ImportFormat.AWS,
    awsRule({ IpProtocol: 'tcp', FromPort: '22', ToPort: 65_536, IpRanges: [{ CidrIp: '::/0' }] }),
    '.SecurityGroups[0].IpPermissions[0].FromPort',
    '.SecurityGroups[0].IpPermissions[0].ToPort',
    '.SecurityGroups[0].IpPermissions[0].IpRanges[0].CidrIp',
  ),
  [
    'importSecurityGroups',
    {
      parent,
      format: ImportFormat.AWS,
      document: JSON.stringify(
        awsRule({ IpProtocol: 'tcp', FromPort: 9, ToPort: 8, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }),
      ),
    },
    ['document.SecurityGroups[0].IpPermissions[0].IpRanges[0].end_port PORT_RANGE_INVERTED'],
  ],
  imported(
    ImportFormat.AWS,
    { SecurityGroups: ['a', 'b'].map((GroupName) => ({ GroupId: 'sg-1', GroupName })) },
    '.SecurityGroups[1]',
  ),
  imported(
    ImportFormat.OPENSTACK,
    { security_groups: [{ id: 'i', name: 'n' }] },
    '.security_groups[0].security_group_rules',
  ),
  imported(ImportFormat.OPENSTACK, [], ''),
  imported(
    ImportFormat.ZSTACK,
    {
      inventories: [
        { uuid: 'u', name: 'n', rules: [{ type: 'Ingress', protocol: 'GRE', srcIpRange: '10.0.0.9-10.0.0.1' }] },
      ],
    },
    '.inventories[0].rules[0].protocol',
    '.inventories[0].rules[0].srcIpRange',
  ),
  imported(
    ImportFormat.ZSTACK,
    { inventories: [{ uuid: 'u', name: 'n', rules: [{ type: 'Ingress', protocol: 'TCP', dstPortRange: '80:90' }] }] },
    '.inventories[0].rules[0].dstPortRange',
  ),
  imported(
    ImportFormat.PORTCULLIS,
    { format: 'portcullis.inventory.v1', project: 'projects/q', securityGroups: [], securityGroupRules: [] },
    '.format',
  ),
  imported(
    ImportFormat.PORTCULLIS,
    { ...exported, securityGroups: [{ name: 'projects/q/securityGroups/g', state: 'OPEN' }] },
    '.securityGroups[0]',
  ),
  [
    'importSecurityGroups',
    {
      parent,
      format: ImportFormat.PORTCULLIS,
      document: JSON.stringify({
        ...exported,
        securityGroups: [{ name: 'projects/q/securityGroups/G', displayName: long(257) }],
      }),
    },
    ['document.securityGroups[0].name RESOURCE_ID_MALFORMED', 'document.securityGroups[0].display_name TEXT_TOO_LONG'],
  ],
  [
    'importSecurityGroups',
    {
      parent,
      format: ImportFormat.PORTCULLIS,
      document: JSON.stringify({ ...exported, defaultRules: { rules: [{ direction: 'DIRECTION_INGRESS' }] } }),
    },
    ['document.defaultRules.rules[0].protocol FIELD_REQUIRED'],
  ],
];
