import { policyV1 } from '@portcullis/api';
import { groupOfRule } from '../names.js';

/**
 * Equal for two rules of a group that match the same packets by the same words: direction, protocol, ports, ICMP, masked
 * CIDR, address group and remote group. No two rules of a group have the same one.
 */
export function ruleIdentity(rule: policyV1.SecurityGroupRule): string {
  const { name, direction, protocol, startPort, endPort, icmpType, icmpCode } = rule;
  const { maskedCidr, addressGroup, remoteSecurityGroup } = rule;
  return [
    groupOfRule(name),
    policyV1.Direction[direction],
    policyV1.Protocol[protocol],
    `ports ${startPort ?? '-'} ${endPort ?? '-'}`,
    `icmp ${icmpType ?? '-'} ${icmpCode ?? '-'}`,
    `peer ${maskedCidr || addressGroup || '-'} ${remoteSecurityGroup || '-'}`,
  ].join(' ');
}
