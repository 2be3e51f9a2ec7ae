import { wholeNumber } from '@portcullis/runtime';
import { maxCidrs } from '../address-group/cidr-list.js';
import { defaultLimits, maxInt32 } from './quotas.js';

/** A limit of the projects whose quota says nothing else. */
function limit(flag: string, what: string, { value, max = maxInt32 }: { value: number; max?: number }) {
  return {
    flag: `--quota-${flag} <count>`,
    environment: `PORTCULLIS_QUOTA_${flag.toUpperCase().replaceAll('-', '_')}`,
    description: `most ${what}, where the quota of the project says nothing else`,
    schema: wholeNumber({ max }).default(value),
  };
}

/** The options of every program that serves policy: the limits by their names. */
export const quotaOptions = {
  groupsPerProject: limit('groups-per-project', 'security groups of one project', {
    value: defaultLimits.groupsPerProject,
  }),
  rulesPerGroup: limit('rules-per-group', 'rules of one group', { value: defaultLimits.rulesPerGroup }),
  nicsPerGroup: limit('nics-per-group', 'NICs in one group', { value: defaultLimits.nicsPerGroup }),
  groupsPerNic: limit('groups-per-nic', 'groups that one NIC is in', { value: defaultLimits.groupsPerNic }),
  addressGroupsPerProject: limit('address-groups-per-project', 'address groups of one project', {
    value: defaultLimits.addressGroupsPerProject,
  }),
  cidrsPerAddressGroup: limit('cidrs-per-address-group', 'CIDRs of one address group', {
    value: defaultLimits.cidrsPerAddressGroup,
    max: maxCidrs,
  }),
} as const;
