import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { birth, maxDisplayNameLength, newName, type Operation, readAnnotations } from '@portcullis/resource';
import type { Transaction } from '@portcullis/store';
import { checkEnum, checkName, checkOptionalId, checkText, type Violations } from '@portcullis/store/resource';
import { putFirstRules } from '../default-rules/apply-default-rules.js';
import type { Dependencies } from '../dependencies.js';
import { securityGroups } from '../documents.js';
import { projectNames, securityGroupNames } from '../names.js';
import type { Quotas } from '../quota/quotas.js';

const { EstablishedFlows, EstablishedFlowsSchema, SecurityGroupSchema, SecurityGroupState, SecurityGroupStateSchema } =
  policyV1;

export function groupCreation({
  quotas,
  now,
}: Dependencies): Operation<policyV1.CreateSecurityGroupRequest, policyV1.SecurityGroup> {
  return (
    violations,
    { parent, securityGroupId, securityGroup = create(SecurityGroupSchema), withoutDefaultRules },
  ) => {
    const project = checkName(violations, 'parent', parent, projectNames)?.project ?? '';
    checkOptionalId(violations, 'security_group_id', securityGroupId);
    const fields = readNewGroup(violations, securityGroup);
    return async (tx) => {
      const format = (id: string) => securityGroupNames.format({ project, security_group: id });
      const name = await newName(tx, securityGroups, { id: securityGroupId, prefix: 'sg', format });
      return makeGroup(tx, { fields, name, withoutDefaultRules, quotas, now: now() });
    };
  };
}

type GroupFields = MessageInitShape<typeof SecurityGroupSchema>;

/** What a caller says of a new group. */
export function readNewGroup(violations: Violations, securityGroup: policyV1.SecurityGroup): GroupFields {
  const { displayName, state, establishedFlows, networks } = securityGroup;
  checkText(violations, 'security_group.display_name', displayName, maxDisplayNameLength);
  const annotations = readAnnotations(violations, 'security_group', securityGroup);
  checkEnum(violations, 'security_group.state', state, { desc: SecurityGroupStateSchema });
  checkEnum(violations, 'security_group.established_flows', establishedFlows, { desc: EstablishedFlowsSchema });
  if (networks.length > 0) {
    violations.add('security_group.networks', 'FIELD_NOT_SETTABLE', 'is changed by AttachNetworks and DetachNetworks');
  }
  return {
    displayName,
    ...annotations,
    state: state || SecurityGroupState.ENABLED,
    establishedFlows: establishedFlows || EstablishedFlows.TERMINATE,
  };
}

interface NewGroup {
  readonly fields: GroupFields;
  readonly name: string;
  readonly withoutDefaultRules?: boolean;
  readonly quotas: Quotas;
  readonly now: Date;
}

/** Makes a group under a name that is free, with its automatic rules and the default rules of its project. */
export async function makeGroup(
  tx: Transaction,
  { fields, name, withoutDefaultRules = false, quotas, now }: NewGroup,
): Promise<policyV1.SecurityGroup> {
  await quotas.refuseGroup(tx, name);
  const made = create(SecurityGroupSchema, { ...fields, name, ...birth(now) });
  await securityGroups.put(tx, [made]);
  await putFirstRules(tx, { securityGroup: name, withoutDefaultRules, quotas, now });
  return made;
}
