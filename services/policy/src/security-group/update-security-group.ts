import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { refuse, update } from '@portcullis/resource';
import { checkEnum, checkName, checkText, checkUpdateMask, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { securityGroupNames } from '../names.js';
import { maxDescriptionLength, maxDisplayNameLength } from '../text-limits.js';

const { SecurityGroupSchema, SecurityGroupStateSchema } = policyV1;
const mutable = ['display_name', 'description', 'state'] as const;

export function updateSecurityGroup({ commit, now }: Dependencies): Handlers['updateSecurityGroup'] {
  return async (request) => {
    const { securityGroup: sent = create(SecurityGroupSchema), updateMask } = request;
    const violations = new Violations();
    const field = 'security_group';
    const { name, displayName, description, state } = sent;
    checkName(violations, `${field}.name`, name, securityGroupNames);
    const paths = checkUpdateMask(violations, updateMask, { message: SecurityGroupSchema, mutable });
    if (paths.has('display_name')) checkText(violations, `${field}.display_name`, displayName, maxDisplayNameLength);
    if (paths.has('description')) checkText(violations, `${field}.description`, description, maxDescriptionLength);
    if (paths.has('state')) {
      checkEnum(violations, `${field}.state`, state, { desc: SecurityGroupStateSchema, required: true });
    }
    refuse(violations);
    return commit(request, async (tx) => ({
      securityGroup: await update(tx, {
        collection: securityGroups,
        name,
        now: now(),
        change: (group) => {
          if (paths.has('display_name')) group.displayName = displayName;
          if (paths.has('description')) group.description = description;
          if (paths.has('state')) group.state = state;
        },
      }),
    }));
  };
}
