import { policyV1 } from '@portcullis/api';
import { type Annotations, readAnnotations } from '@portcullis/resource';
import { checkEnum, type Violations } from '@portcullis/store/resource';
import { readCidr } from '../cidr-field.js';
import { addressGroupNames, securityGroupNames } from '../names.js';
import { checkExpireTime } from './expire-time.js';
import { checkPeerName } from './peer-name.js';
import { checkIcmp, checkPorts } from './port-fields.js';

/** What a caller says of a rule, in canonical form. */
export type RuleFields = Pick<
  policyV1.SecurityGroupRule,
  | 'direction'
  | 'protocol'
  | 'startPort'
  | 'endPort'
  | 'icmpType'
  | 'icmpCode'
  | 'cidr'
  | 'maskedCidr'
  | 'addressGroup'
  | 'remoteSecurityGroup'
  | 'disabled'
  | 'expireTime'
> &
  Partial<Annotations>;

export interface RuleContext {
  /** Path of the rule in the request: `security_group_rules[3]`. */
  readonly field: string;
  /** The project of the group. */
  readonly project: string;
  readonly now: Date;
}

/** Reads a new rule by semantics.md §2; a violation for everything that is wrong. */
export function readRule(
  violations: Violations,
  rule: policyV1.SecurityGroupRule,
  { field, project, now }: RuleContext,
): RuleFields {
  const { direction, protocol, icmpType, icmpCode, cidr, addressGroup, remoteSecurityGroup, disabled, expireTime } =
    rule;
  checkEnum(violations, `${field}.direction`, direction, { desc: policyV1.DirectionSchema, required: true });
  checkEnum(violations, `${field}.protocol`, protocol, { desc: policyV1.ProtocolSchema, required: true });
  const ports = checkPorts(violations, field, rule);
  checkIcmp(violations, field, rule);
  const maskedCidr = cidr === '' ? '' : readCidr(violations, `${field}.cidr`, cidr);
  if (addressGroup !== '') {
    const path = `${field}.address_group`;
    checkPeerName(violations, path, { name: addressGroup, names: addressGroupNames, project });
    if (cidr !== '')
      violations.add(path, 'ADDRESS_GROUP_NOT_ALLOWED', 'a rule has a cidr or an address group, not both');
  }
  if (remoteSecurityGroup !== '') {
    const path = `${field}.remote_security_group`;
    checkPeerName(violations, path, { name: remoteSecurityGroup, names: securityGroupNames, project });
  }
  const annotations = readAnnotations(violations, field, rule);
  checkExpireTime(violations, `${field}.expire_time`, expireTime, now);
  return {
    direction,
    protocol,
    ...ports,
    ...(icmpType === undefined ? {} : { icmpType }),
    ...(icmpCode === undefined ? {} : { icmpCode }),
    cidr,
    maskedCidr,
    addressGroup,
    remoteSecurityGroup,
    ...annotations,
    disabled,
    ...(expireTime === undefined ? {} : { expireTime }),
  };
}
