import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { birth, newName, refuse } from '@portcullis/resource';
import { checkEnum, checkName, checkOptionalId, checkText, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { rules, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { projectNames, securityGroupNames } from '../names.js';
import { automaticRules } from '../rule/automatic-rules.js';
import { maxDescriptionLength, maxDisplayNameLength } from '../text-limits.js';

const { SecurityGroupSchema, SecurityGroupState, SecurityGroupStateSchema } = policyV1;

export function createSecurityGroup({ commit, now }: Dependencies): Handlers['createSecurityGroup'] {
  return async (request) => {
    const { parent, securityGroupId, securityGroup = create(SecurityGroupSchema) } = request;
    const violations = new Violations();
    const { displayName, description, state, networks } = securityGroup;
    const project = checkName(violations, 'parent', parent, projectNames)?.project ?? '';
    checkOptionalId(violations, 'security_group_id', securityGroupId);
    checkText(violations, 'security_group.display_name', displayName, maxDisplayNameLength);
    checkText(violations, 'security_group.description', description, maxDescriptionLength);
    checkEnum(violations, 'security_group.state', state, { desc: SecurityGroupStateSchema });
    if (networks.length > 0) {
      violations.add(
        'security_group.networks',
        'FIELD_NOT_SETTABLE',
        'is changed by AttachNetworks and DetachNetworks',
      );
    }
    refuse(violations);
    return commit(request, async (tx) => {
      const format = (id: string) => securityGroupNames.format({ project, security_group: id });
      const name = await newName(tx, securityGroups, { id: securityGroupId, prefix: 'sg', format });
      const made = create(SecurityGroupSchema, {
        name,
        displayName,
        description,
        state: state || SecurityGroupState.ENABLED,
        ...birth(now()),
      });
      await securityGroups.put(tx, [made]);
      await rules.put(tx, automaticRules(name, now()));
      return { securityGroup: made };
    });
  };
}
