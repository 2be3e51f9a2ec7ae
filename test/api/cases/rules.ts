import { policyV1 } from '@portcullis/api';
import { type ApiCase, exists, invalid, missing } from '../api-case.js';
import { ag, goodRule, past, project, sg } from '../things.js';

const { Direction, Protocol } = policyV1;
const { EGRESS, INGRESS } = Direction;
const none = { startPort: undefined, endPort: undefined };
const ruleName = `${sg('g')}/rules/nobody`;

/** What semantics says of the fields of a rule, in the message too: the value, and what is allowed. */
function field(what: string, fields: object, says: string, ...violations: string[]): ApiCase {
  const failing = invalid(...violations.map((each) => `security_group_rule.${each}`));
  const request = { parent: sg('g'), securityGroupRule: { ...goodRule, ...fields } };
  return [what, 'policy.createSecurityGroupRule', request, { ...failing, says }];
}

const udp = { protocol: Protocol.UDP };
const icmp = { protocol: Protocol.ICMP, ...none };
const all = { protocol: Protocol.ALL, ...none };
const range = 'is not in 1-65535';

const fieldCases: readonly ApiCase[] = [
  field('TCP to the port after the last', { endPort: 65_536 }, `65536 ${range}`, 'end_port PORT_OUT_OF_RANGE'),
  field(
    'TCP from the largest number',
    { startPort: 2 ** 31 - 1 },
    `2147483647 ${range}`,
    'start_port PORT_OUT_OF_RANGE',
  ),
  field(
    'TCP from the smallest number',
    { startPort: -(2 ** 31) },
    `-2147483648 ${range}`,
    'start_port PORT_OUT_OF_RANGE',
  ),
  field('egress UDP to port 0', { ...udp, direction: EGRESS, endPort: 0 }, `0 ${range}`, 'end_port PORT_OUT_OF_RANGE'),
  field('UDP from a port only', { ...udp, endPort: undefined }, 'required', 'end_port PORT_REQUIRED'),
  field('UDP to a port only', { ...udp, startPort: undefined }, 'required', 'start_port PORT_REQUIRED'),
  field('UDP inverted by one', { ...udp, startPort: 2, endPort: 1 }, '1', 'end_port PORT_RANGE_INVERTED'),
  field(
    'ports on egress ALL',
    { ...all, direction: EGRESS, startPort: 1, endPort: 1 },
    'ALL',
    'start_port PORT_NOT_ALLOWED',
    'end_port PORT_NOT_ALLOWED',
  ),
  field('port 65535 on ICMP', { ...icmp, endPort: 65_535 }, 'ICMP', 'end_port PORT_NOT_ALLOWED'),
  field('a code on UDP', { ...udp, icmpCode: 0 }, 'ICMP', 'icmp_code ICMP_NOT_ALLOWED'),
  field('a code below 0', { ...icmp, icmpType: 0, icmpCode: -1 }, '-1', 'icmp_code ICMP_OUT_OF_RANGE'),
  field(
    'type and code beyond 255',
    { ...icmp, icmpType: 256, icmpCode: 300 },
    '256',
    'icmp_type ICMP_OUT_OF_RANGE',
    'icmp_code ICMP_OUT_OF_RANGE',
  ),
  field(
    'no direction',
    { direction: Direction.UNSPECIFIED },
    'DIRECTION_INGRESS, DIRECTION_EGRESS',
    'direction FIELD_REQUIRED',
  ),
  field('a negative direction', { direction: -1 }, '-1 is not known', 'direction ENUM_VALUE_UNKNOWN'),
  field('the number of TCP as IANA has it', { protocol: 6 }, '6 is not known', 'protocol ENUM_VALUE_UNKNOWN'),
  field('IPv4 in a mapped form', { cidr: '::ffff:0:0/96' }, 'IPv4', 'cidr ADDRESS_IPV4_MAPPED'),
  field('a netmask', { cidr: '10.0.0.0/255.0.0.0' }, '"10.0.0.0/255.0.0.0"', 'cidr CIDR_MALFORMED'),
  field('a range', { cidr: '10.0.0.1-10.0.0.9' }, '0-32 for IPv4', 'cidr CIDR_MALFORMED'),
  field('two CIDRs', { cidr: '10.0.0.0/8,11.0.0.0/8' }, '"10.0.0.0/8,11.0.0.0/8"', 'cidr CIDR_MALFORMED'),
  field('hexadecimal', { cidr: '0x0a.0.0.0/8' }, '"0x0a.0.0.0/8"', 'cidr CIDR_MALFORMED'),
  field('a length with a sign', { cidr: '10.0.0.0/+8' }, '"10.0.0.0/+8"', 'cidr CIDR_MALFORMED'),
  field('a length of many digits', { cidr: `10.0.0.0/${'0'.repeat(5000)}8` }, '000...', 'cidr CIDR_MALFORMED'),
  field('digits of another script', { cidr: '١٠.0.0.0/8' }, '١٠', 'cidr CIDR_MALFORMED'),
  field(
    'a group without its project',
    { remoteSecurityGroup: 'securityGroups/g' },
    'projects/{project}',
    'remote_security_group NAME_MALFORMED',
  ),
  field(
    'a group and an address group of others, and a CIDR',
    {
      cidr: '10.0.0.0/8',
      addressGroup: 'projects/q/addressGroups/a',
      remoteSecurityGroup: 'projects/q/securityGroups/g',
    },
    'projects/q',
    'address_group PROJECT_MISMATCH',
    'address_group ADDRESS_GROUP_NOT_ALLOWED',
    'remote_security_group PROJECT_MISMATCH',
  ),
  field('an end that is over', { expireTime: past }, '2020', 'expire_time EXPIRE_TIME_PAST'),
  field(
    'negative nanoseconds',
    { expireTime: { seconds: 4_000_000_000n, nanos: -1 } },
    '',
    'expire_time TIMESTAMP_MALFORMED',
  ),
  field(
    'labels of every object',
    { labels: { constructor: 'a b', toString: '' } },
    '"a b"',
    'labels LABEL_VALUE_MALFORMED',
    'labels LABEL_KEY_MALFORMED',
  ),
];

const update = (name: string, paths: string[], more: object = {}) => ({
  securityGroupRule: { name, ...more },
  updateMask: { paths },
});

/** Rules: fields, parents, sameness, expansions. */
export const ruleCases: readonly ApiCase[] = [
  ...fieldCases,
  [
    'a rule of a group that is not there',
    'policy.createSecurityGroupRule',
    { parent: sg('nobody'), securityGroupRule: goodRule },
    missing(sg('nobody')),
  ],
  [
    'a rule that names what is not there',
    'policy.createSecurityGroupRule',
    { parent: sg('g'), securityGroupRule: { ...goodRule, remoteSecurityGroup: sg('x'), addressGroup: ag('y') } },
    missing(sg('x'), ag('y')),
  ],
  [
    'the same rule again names the one that is there',
    'policy.createSecurityGroupRule',
    { parent: sg('g'), securityGroupRule: { ...goodRule, description: 'another', disabled: true, labels: { a: 'b' } } },
    {
      code: 'AlreadyExists',
      reason: 'RESOURCE_ALREADY_EXISTS',
      says: 'security_group_rule is the same rule as projects/p',
    },
  ],
  [
    'an automatic rule said again',
    'policy.createSecurityGroupRule',
    {
      parent: sg('g'),
      securityGroupRule: { direction: INGRESS, protocol: Protocol.ALL, remoteSecurityGroup: sg('g') },
    },
    { code: 'AlreadyExists', reason: 'RESOURCE_ALREADY_EXISTS' },
  ],
  [
    'the same CIDR with other host bits, twice in a batch',
    'policy.batchCreateSecurityGroupRules',
    {
      parent: sg('g'),
      securityGroupRules: ['10.1.2.3/8', '10.0.0.0/8'].map((cidr) => ({ ...goodRule, cidr })),
    },
    exists('security_group_rules[0]', { says: 'security_group_rules[1] is the same rule as security_group_rules[0]' }),
  ],
  [
    'all ICMP by -1 and all ICMP by nothing are the same',
    'policy.batchCreateSecurityGroupRules',
    {
      parent: sg('g'),
      securityGroupRules: [
        { ...goodRule, ...icmp },
        { ...goodRule, protocol: Protocol.ICMP, startPort: -1, endPort: -1 },
      ],
    },
    exists('security_group_rules[0]'),
  ],
  [
    'a batch of which one rule is there already',
    'policy.batchCreateSecurityGroupRules',
    { parent: sg('g'), securityGroupRules: [{ ...goodRule, startPort: 21 }, goodRule] },
    { code: 'AlreadyExists', reason: 'RESOURCE_ALREADY_EXISTS', says: 'security_group_rules[1] is the same rule' },
  ],
  [
    'a batch in which each rule is wrong in its own way',
    'policy.batchCreateSecurityGroupRules',
    {
      parent: sg('g'),
      securityGroupRules: [{}, { ...goodRule, cidr: '/' }, { ...goodRule, icmpType: 1 }],
    },
    invalid(
      'security_group_rules[0].direction FIELD_REQUIRED',
      'security_group_rules[0].protocol FIELD_REQUIRED',
      'security_group_rules[1].cidr CIDR_MALFORMED',
      'security_group_rules[2].icmp_type ICMP_NOT_ALLOWED',
    ),
  ],
  [
    'rules and expansions, together too many',
    'policy.batchCreateSecurityGroupRules',
    {
      parent: sg('g'),
      securityGroupRules: Array(499).fill(goodRule),
      expansions: [{ ...goodRule, portRanges: [{ startPort: 1 }, { startPort: 2 }] }],
    },
    { ...invalid('expansions ITEM_COUNT_OUT_OF_RANGE'), says: '501 rules' },
  ],
  [
    'an expansion that says the same rule twice',
    'policy.batchCreateSecurityGroupRules',
    {
      parent: sg('g'),
      expansions: [{ ...goodRule, portRanges: [{ startPort: 1 }], cidrs: ['10.0.0.1/8', '10.0.0.2/8'] }],
    },
    exists('expansions[0].port_ranges[0] with cidrs[0]', {
      says: 'expansions[0].port_ranges[0] with cidrs[1] is the same rule as',
    }),
  ],
  [
    'an expansion that names what is not there, though what exists would be skipped',
    'policy.batchCreateSecurityGroupRules',
    {
      parent: sg('g'),
      skipExisting: true,
      expansions: [
        {
          ...goodRule,
          portRanges: [{ startPort: 1 }],
          addressGroups: [ag('x')],
          remoteSecurityGroups: [sg('y'), sg('g')],
        },
      ],
    },
    missing(sg('y'), ag('x')),
  ],
  [
    'an expansion with violations in two places',
    'policy.batchCreateSecurityGroupRules',
    {
      parent: 'g',
      securityGroupRules: [{ ...goodRule, cidr: 'x' }],
      expansions: [{ ...goodRule, portRanges: [{ startPort: 9, endPort: 1 }], remoteSecurityGroups: ['y'] }],
    },
    invalid(
      'parent NAME_MALFORMED',
      'security_group_rules[0].cidr CIDR_MALFORMED',
      'expansions[0].port_ranges[0].end_port PORT_RANGE_INVERTED',
      'expansions[0].remote_security_groups[0] NAME_MALFORMED',
    ),
  ],
  ['a rule that is not there', 'policy.getSecurityGroupRule', { name: ruleName }, missing(ruleName)],
  [
    'a rule that is not there is not updated',
    'policy.updateSecurityGroupRule',
    update(ruleName, ['disabled']),
    missing(ruleName),
  ],
  ['a rule that is not there is not deleted', 'policy.deleteSecurityGroupRule', { name: ruleName }, missing(ruleName)],
  [
    'what a rule matches never changes',
    'policy.updateSecurityGroupRule',
    ({ rule }) =>
      update(rule.name, [
        'direction',
        'protocol',
        'start_port',
        'end_port',
        'cidr',
        'remote_security_group',
        'address_group',
      ]),
    invalid(...Array(7).fill('update_mask FIELD_IMMUTABLE')),
  ],
  [
    'an update into the past',
    'policy.updateSecurityGroupRule',
    ({ rule }) => update(rule.name, ['expire_time'], { expireTime: past }),
    invalid('security_group_rule.expire_time EXPIRE_TIME_PAST'),
  ],
  [
    'rules of a group that is not there are not listed as none',
    'policy.listSecurityGroupRules',
    { parent: sg('nobody') },
    missing(sg('nobody')),
  ],
  ['references to what is not there', 'policy.listReferencingRules', { name: ag('nobody') }, missing(ag('nobody'))],
  [
    'references to a project',
    'policy.listReferencingRules',
    { name: project },
    { ...invalid('name NAME_MALFORMED'), says: 'projects/{project}/securityGroups/{security_group} or projects' },
  ],
];
