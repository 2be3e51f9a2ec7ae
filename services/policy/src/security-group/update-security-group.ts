import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { annotationPaths, checked, maxDisplayNameLength, readAnnotations, refuse, update } from '@portcullis/resource';
import { checkEnum, checkName, checkText, checkUpdateMask, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { securityGroupNames } from '../names.js';
import { makeGroup, readNewGroup } from './create-security-group.js';

const { SecurityGroupSchema, SecurityGroupStateSchema } = policyV1;
const mutable = ['display_name', ...annotationPaths, 'state'] as const;

export function updateSecurityGroup({ commit, quotas, now }: Dependencies): Handlers['updateSecurityGroup'] {
  return async (request) => {
    const { securityGroup: sent = create(SecurityGroupSchema), updateMask } = request;
    const violations = new Violations();
    const field = 'security_group';
    const { name, displayName, state, etag } = sent;
    checkName(violations, `${field}.name`, name, securityGroupNames);
    const paths = checkUpdateMask(violations, updateMask, { message: SecurityGroupSchema, mutable });
    if (paths.has('display_name')) checkText(violations, `${field}.display_name`, displayName, maxDisplayNameLength);
    const annotations = readAnnotations(violations, field, { ...sent, paths });
    if (paths.has('state')) {
      checkEnum(violations, `${field}.state`, state, { desc: SecurityGroupStateSchema, required: true });
    }
    refuse(violations);
    const readNew = (found: Violations) => readNewGroup(found, sent);
    return commit(request, async (tx) => ({
      securityGroup: await update(tx, {
        collection: securityGroups,
        name,
        etag,
        now: now(),
        orElse: request.allowMissing
          ? () => makeGroup(tx, { fields: checked(readNew), name, quotas, now: now() })
          : undefined,
        change: (group) => {
          if (paths.has('display_name')) group.displayName = displayName;
          Object.assign(group, annotations);
          if (paths.has('state')) group.state = state;
        },
      }),
    }));
  };
}
