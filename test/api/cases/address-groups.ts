import { type ApiCase, blocked, exists, invalid, missing } from '../api-case.js';
import { ag, project, sg } from '../things.js';

const update = (id: string, paths: string[], more: object = {}) => ({
  addressGroup: { name: ag(id), ...more },
  updateMask: { paths },
});

/** Address groups: their CIDRs, what names them. */
export const addressGroupCases: readonly ApiCase[] = [
  ['one that is not there', 'policy.getAddressGroup', { name: ag('nobody') }, missing(ag('nobody'))],
  [
    'one that is not there is not updated',
    'policy.updateAddressGroup',
    update('nobody', ['cidrs']),
    missing(ag('nobody')),
  ],
  ['one that is not there is not deleted', 'policy.deleteAddressGroup', { name: ag('nobody') }, missing(ag('nobody'))],
  [
    'one that is not there gets no CIDRs',
    'policy.addCidrs',
    { addressGroup: ag('nobody'), cidrs: ['10.0.0.0/8'] },
    missing(ag('nobody')),
  ],
  [
    'one that is not there loses none',
    'policy.removeCidrs',
    { addressGroup: ag('nobody'), cidrs: ['10.0.0.0/8'] },
    missing(ag('nobody')),
  ],
  ['an id that is taken', 'policy.createAddressGroup', { parent: project, addressGroupId: 'list' }, exists(ag('list'))],
  [
    'the same CIDR in other words',
    'policy.createAddressGroup',
    { parent: project, addressGroup: { cidrs: ['2001:DB8::/32', '10.0.0.1', '2001:db8:0::1/32', '10.0.0.1/32'] } },
    {
      ...invalid('address_group.cidrs[2] CIDR_REPEATED', 'address_group.cidrs[3] CIDR_REPEATED'),
      says: 'as address_group.cidrs[0] is',
    },
  ],
  [
    'what only the service says',
    'policy.updateAddressGroup',
    update('list', ['name', 'masked_cidrs', 'version', 'uid', 'create_time', 'update_time', 'etag']),
    invalid(...Array(7).fill('update_mask FIELD_IMMUTABLE')),
  ],
  [
    'a mask without paths',
    'policy.updateAddressGroup',
    update('list', [], { cidrs: ['10.0.0.0/8'] }),
    { ...invalid('update_mask FIELD_REQUIRED'), says: 'cidrs' },
  ],
  [
    'CIDRs of which only some are in it: those that are not are named, and none is taken out',
    'policy.removeCidrs',
    { addressGroup: ag('list'), cidrs: ['192.0.2.0/24', '192.0.2.0/25', '2001:db8::1'] },
    { code: 'NotFound', reason: 'RESOURCE_NOT_FOUND', says: '192.0.2.0/25, 2001:db8::1: not in' },
  ],
  [
    'no CIDRs to add',
    'policy.addCidrs',
    { addressGroup: ag('list') },
    { ...invalid('cidrs ITEM_COUNT_OUT_OF_RANGE'), says: 'has 0 items; 1-1000 are allowed' },
  ],
  [
    'a security group gets no CIDRs',
    'policy.addCidrs',
    { addressGroup: sg('g'), cidrs: ['10.0.0.0/8'] },
    invalid('address_group NAME_MALFORMED'),
  ],
  [
    'one that a rule names',
    'policy.deleteAddressGroup',
    { name: ag('used') },
    { code: 'FailedPrecondition', reason: 'ADDRESS_GROUP_IN_USE', says: `${ag('used')} is named by 1 rules` },
  ],
  [
    'one that default rules name',
    'policy.deleteAddressGroup',
    { name: 'projects/templated/addressGroups/peer' },
    { ...blocked('ADDRESS_GROUP_IN_USE', 'projects/templated/defaultRules'), says: 'is named by the default rules' },
  ],
  [
    'of a batch of deletions the one that is named fails all',
    'policy.batchDeleteAddressGroups',
    { parent: project, requests: [{ name: ag('list') }, { name: ag('used') }] },
    { code: 'FailedPrecondition', reason: 'ADDRESS_GROUP_IN_USE', request: 'requests[1]', says: 'requests[1]: ' },
  ],
];
