import { formatRevisionToken, parseRevisionToken } from '@portcullis/api';
import { type ApiCase, invalid, missing } from '../api-case.js';
import { nic, project, sg } from '../things.js';

const listings = [
  ['policy.listSecurityGroups', { parent: project }],
  ['policy.listSecurityGroupRules', { parent: sg('g') }],
  ['policy.listAddressGroups', { parent: project }],
  ['policy.listMemberships', { parent: project }],
  ['policy.listReferencingRules', { name: sg('g') }],
  ['policy.listCandidateNics', { securityGroup: sg('g') }],
  ['inventory.listNetworks', { parent: project }],
  ['inventory.listHosts', {}],
  ['inventory.listVmInstances', { parent: project }],
  ['inventory.listNics', { parent: project }],
  ['inventory.listNicBindings', { parent: nic('v-a') }],
] as const;

/** Every listing: sizes, tokens of others, filters, orders, revisions. */
export const listCases: readonly ApiCase[] = [
  ...listings.flatMap(([call, request]): ApiCase[] => [
    [
      `${call}: a negative page`,
      call,
      { ...request, pageSize: -1 },
      { ...invalid('page_size OUT_OF_RANGE'), says: '-1 is negative; 0 means 100, the most is 1000' },
    ],
    [
      `${call}: a token of no listing`,
      call,
      { ...request, pageToken: 'AAAA' },
      invalid('page_token PAGE_TOKEN_MALFORMED'),
    ],
    [`${call}: half a filter`, call, { ...request, filter: 'labels.tier =' }, invalid('filter FILTER_MALFORMED')],
    [
      `${call}: an order that is none`,
      call,
      { ...request, orderBy: 'name,create_time' },
      invalid('order_by ORDER_BY_MALFORMED'),
    ],
    [
      `${call}: a revision of nobody`,
      call,
      { ...request, minRevisionToken: 'AAAA' },
      invalid('min_revision_token REVISION_TOKEN_MALFORMED'),
    ],
  ]),
  [
    'a page token of another project',
    'policy.listSecurityGroups',
    ({ pageToken }) => ({ parent: 'projects/q', pageToken }),
    invalid('page_token PAGE_TOKEN_MALFORMED'),
  ],
  [
    'a page token of another filter',
    'policy.listSecurityGroups',
    ({ pageToken }) => ({ parent: project, pageToken, filter: 'name = x' }),
    invalid('page_token PAGE_TOKEN_MALFORMED'),
  ],
  [
    'a page token of another order',
    'policy.listSecurityGroups',
    ({ pageToken }) => ({ parent: project, pageToken, orderBy: 'name desc' }),
    invalid('page_token PAGE_TOKEN_MALFORMED'),
  ],
  [
    'a page token of another collection',
    'policy.listAddressGroups',
    ({ pageToken }) => ({ parent: project, pageToken }),
    invalid('page_token PAGE_TOKEN_MALFORMED'),
  ],
  [
    'a page token of another service',
    'inventory.listNics',
    ({ pageToken }) => ({ parent: project, pageToken }),
    invalid('page_token PAGE_TOKEN_MALFORMED'),
  ],
  [
    'a filter without an end',
    'policy.listSecurityGroups',
    { parent: project, filter: 'name = "' },
    { ...invalid('filter FILTER_MALFORMED'), says: 'position 8' },
  ],
  [
    'a filter that is nested too deep',
    'policy.listSecurityGroups',
    { parent: project, filter: `${'('.repeat(900)}name = x${')'.repeat(900)}` },
    { ...invalid('filter FILTER_MALFORMED'), says: 'nested more than 16 deep' },
  ],
  [
    'a filter of many negations',
    'policy.listSecurityGroups',
    { parent: project, filter: `${'NOT '.repeat(400)}name = x` },
    invalid('filter FILTER_MALFORMED'),
  ],
  [
    'a filter that is too long',
    'policy.listSecurityGroups',
    { parent: project, filter: `name = "${'x'.repeat(2048)}"` },
    { ...invalid('filter FILTER_MALFORMED'), says: 'longer than 2048 characters' },
  ],
  [
    'a filter of something that every object has',
    'policy.listSecurityGroups',
    { parent: project, filter: 'constructor = x' },
    invalid('filter FILTER_MALFORMED'),
  ],
  [
    'a filter with a pattern for a database',
    'policy.listSecurityGroups',
    { parent: project, filter: "name = 'x'; DROP TABLE documents" },
    { ...invalid('filter FILTER_MALFORMED'), says: '";"' },
  ],
  [
    'candidates of a group by a filter of groups',
    'policy.listCandidateNics',
    { securityGroup: sg('g'), filter: 'state = ENABLED' },
    invalid('filter FILTER_MALFORMED'),
  ],
  ['candidates of no group', 'policy.listCandidateNics', { securityGroup: sg('nobody') }, missing(sg('nobody'))],
  [
    'a revision of the other service',
    'policy.getSecurityGroup',
    ({ inventoryToken }) => ({ name: sg('g'), minRevisionToken: inventoryToken }),
    { ...invalid('min_revision_token REVISION_TOKEN_MALFORMED'), says: 'is not a revision token of policy' },
  ],
  [
    'a revision of the other service, the other way round',
    'inventory.getNic',
    ({ policyToken }) => ({ name: nic('v-a'), minRevisionToken: policyToken }),
    { ...invalid('min_revision_token REVISION_TOKEN_MALFORMED'), says: 'is not a revision token of inventory' },
  ],
  [
    'a revision of a store that is gone',
    'policy.getSecurityGroup',
    { name: sg('g'), minRevisionToken: formatRevisionToken({ service: 'policy', epoch: 'gone', revision: 1 }) },
    { code: 'FailedPrecondition', reason: 'REVISION_OF_OTHER_STORE' },
  ],
  [
    'a revision that is to come, for 5 seconds',
    'policy.listSecurityGroups',
    ({ policyToken }) => ({ parent: project, minRevisionToken: later(policyToken) }),
    { code: 'Unavailable', reason: 'REVISION_NOT_REACHED' },
  ],
  [
    'an export of a revision that is to come',
    'policy.exportProject',
    ({ policyToken }) => ({ parent: project, minRevisionToken: later(policyToken) }),
    { code: 'Unavailable', reason: 'REVISION_NOT_REACHED' },
  ],
  [
    'bindings of a NIC that is not there',
    'inventory.listNicBindings',
    { parent: nic('nobody') },
    missing(nic('nobody')),
  ],
];

function later(token: string): string {
  const parsed = parseRevisionToken(token);
  if (parsed === undefined) throw new TypeError('no token');
  return formatRevisionToken({ ...parsed, revision: parsed.revision + 1_000_000 });
}
