import { formatRevisionToken } from '@portcullis/api';
import { type ApiCase, type Failing, invalid, missing } from '../api-case.js';
import { host, nic, sg } from '../things.js';

const seconds = (count: number | bigint, nanos = 0) => ({ timeout: { seconds: BigInt(count), nanos } });
const outside: Failing = { ...invalid('timeout OUT_OF_RANGE'), says: '0-300 s' };

/** Waits and states. */
export const dispatchCases: readonly ApiCase[] = [
  [
    'tokens that are none, each by its place',
    'dispatch.waitForEnforcement',
    ({ policyToken }) => ({ revisionTokens: ['x', policyToken, ''] }),
    {
      ...invalid('revision_tokens[0] REVISION_TOKEN_MALFORMED', 'revision_tokens[2] REVISION_TOKEN_MALFORMED'),
      says: '"x"',
    },
  ],
  [
    'a token of a store that is gone',
    'dispatch.waitForEnforcement',
    { revisionTokens: [formatRevisionToken({ service: 'inventory', epoch: 'gone', revision: 1 })] },
    { code: 'FailedPrecondition', reason: 'REVISION_OF_OTHER_STORE', subjects: ['inventory'] },
  ],
  ['a negative time', 'dispatch.waitForEnforcement', seconds(-1), { ...outside, says: '-1' }],
  ['a second too many', 'dispatch.waitForEnforcement', seconds(301), { ...outside, says: '301' }],
  ['for ever', 'dispatch.waitForEnforcement', seconds(9_223_372_036_854_775_807n), outside],
  ['a nanosecond too many', 'dispatch.waitForEnforcement', seconds(300, 1), outside],
  ['a nanosecond too few', 'dispatch.waitForEnforcement', seconds(0, -1), outside],
  ['a NIC that is not there', 'dispatch.waitForEnforcement', { nics: [nic('v-a'), nic('x')] }, missing(nic('x'))],
  ['a host that is not there', 'dispatch.waitForEnforcement', { hosts: [host('x')] }, missing(host('x'))],
  [
    'names of something else',
    'dispatch.waitForEnforcement',
    { nics: [sg('g'), ''], hosts: [nic('v-a'), 'h1'] },
    invalid('hosts[0] NAME_MALFORMED', 'hosts[1] NAME_MALFORMED', 'nics[0] NAME_MALFORMED', 'nics[1] FIELD_REQUIRED'),
  ],
  [
    'too many',
    'dispatch.waitForEnforcement',
    { nics: Array(1001).fill(nic('v-a')), hosts: Array(1001).fill(host('h1')) },
    {
      ...invalid('hosts ITEM_COUNT_OUT_OF_RANGE', 'nics ITEM_COUNT_OUT_OF_RANGE'),
      says: 'has 1001 items; 0-1000 are allowed',
    },
  ],
  ['the state of a host that is not there', 'dispatch.getHostStatus', { host: host('x') }, missing(host('x'))],
  ['the state of nothing', 'dispatch.getHostStatus', {}, invalid('host FIELD_REQUIRED')],
  [
    'the state of a name of 10 000 characters',
    'dispatch.getHostStatus',
    { host: `hosts/${'x'.repeat(10_000)}` },
    invalid('host NAME_MALFORMED'),
  ],
  ['the state of a NIC that is not there', 'dispatch.getNicStatus', { nic: nic('x') }, missing(nic('x'))],
  ['the state of a NIC by its host', 'dispatch.getNicStatus', { nic: host('h1') }, invalid('nic NAME_MALFORMED')],
  ['a negative page', 'dispatch.listHostStatuses', { pageSize: -1 }, invalid('page_size OUT_OF_RANGE')],
  [
    'a page of another listing',
    'dispatch.listHostStatuses',
    ({ pageToken }) => ({ pageToken }),
    invalid('page_token PAGE_TOKEN_MALFORMED'),
  ],
  ['hits of nothing', 'dispatch.listRuleHits', {}, invalid('security_group FIELD_REQUIRED')],
  [
    'hits of something else',
    'dispatch.listRuleHits',
    { securityGroup: nic('v-a'), rule: sg('g'), host: 'h1' },
    invalid('security_group NAME_MALFORMED', 'rule NAME_MALFORMED', 'host NAME_MALFORMED'),
  ],
  ['hits of a group that is not there', 'dispatch.listRuleHits', { securityGroup: sg('x') }, missing(sg('x'))],
  [
    'a page of hits of another group',
    'dispatch.listRuleHits',
    ({ pageToken }) => ({ securityGroup: sg('g'), pageToken }),
    invalid('page_token PAGE_TOKEN_MALFORMED'),
  ],
  ['hosts to watch that are none', 'dispatch.watchStatus', { hosts: ['h1'] }, invalid('hosts[0] NAME_MALFORMED')],
  ['an enforcer of no host', 'enforce.sync', {}, invalid('host FIELD_REQUIRED')],
  ['an enforcer of a host that is not there', 'enforce.sync', { host: host('x') }, missing(host('x'))],
  ['a report of a host that is not there', 'enforce.report', { host: host('x') }, missing(host('x'))],
  [
    'hits of nothing',
    'dispatch.listRuleHits',
    {},
    { ...invalid('security_group FIELD_REQUIRED'), says: 'one of them is required' },
  ],
  [
    'hits of names of something else',
    'dispatch.listRuleHits',
    { securityGroup: nic('v-a'), rule: sg('g'), host: 'h1' },
    invalid('security_group NAME_MALFORMED', 'rule NAME_MALFORMED', 'host NAME_MALFORMED'),
  ],
  ['hits of a group that is not there', 'dispatch.listRuleHits', { securityGroup: sg('x') }, missing(sg('x'))],
  [
    'hits that are told to have been in no year',
    'enforce.report',
    { host: host('h1'), hitsCountedSince: { seconds: 9_000_000_000_000_000_000n, nanos: 0 } },
    { ...invalid('hits_counted_since TIMESTAMP_MALFORMED'), says: 'in the years 1-9999' },
  ],
  ['a report of no host', 'enforce.report', { host: 'x' }, invalid('host NAME_MALFORMED')],
];
