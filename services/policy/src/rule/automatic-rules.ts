import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { birth } from '@portcullis/resource';
import { randomRuleName } from './rule-name.js';

const { Direction, Protocol, SecurityGroupRuleSchema } = policyV1;

/** The rules a group is made with: everything from the group itself, and to it. */
export function automaticRules(securityGroup: string, now: Date): policyV1.SecurityGroupRule[] {
  return [Direction.INGRESS, Direction.EGRESS].map((direction) =>
    create(SecurityGroupRuleSchema, {
      name: randomRuleName(securityGroup),
      direction,
      protocol: Protocol.ALL,
      remoteSecurityGroup: securityGroup,
      automatic: true,
      ...birth(now),
    }),
  );
}
