import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import {
  annotationPaths,
  maxDisplayNameLength,
  type Operation,
  readAnnotations,
  refuse,
  update,
} from '@portcullis/resource';
import { checkEnum, checkName, checkText, checkUpdateMask } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { securityGroups } from '../documents.js';
import { securityGroupNames } from '../names.js';
import { makeGroup, readNewGroup } from './create-security-group.js';

const { EstablishedFlowsSchema, SecurityGroupSchema, SecurityGroupStateSchema } = policyV1;
const mutable = ['display_name', ...annotationPaths, 'state', 'established_flows'] as const;

export function groupUpdate({
  quotas,
  now,
}: Dependencies): Operation<policyV1.UpdateSecurityGroupRequest, policyV1.SecurityGroup> {
  return (violations, { securityGroup: sent = create(SecurityGroupSchema), updateMask, allowMissing }) => {
    const field = 'security_group';
    const { name, displayName, state, establishedFlows, etag } = sent;
    checkName(violations, `${field}.name`, name, securityGroupNames);
    const paths = checkUpdateMask(violations, updateMask, { message: SecurityGroupSchema, mutable });
    if (paths.has('display_name')) checkText(violations, `${field}.display_name`, displayName, maxDisplayNameLength);
    const annotations = readAnnotations(violations, field, { ...sent, paths });
    if (paths.has('state')) {
      checkEnum(violations, `${field}.state`, state, { desc: SecurityGroupStateSchema, required: true });
    }
    if (paths.has('established_flows')) {
      const desc = EstablishedFlowsSchema;
      checkEnum(violations, `${field}.established_flows`, establishedFlows, { desc, required: true });
    }
    return async (tx) => {
      const make = () => {
        const fields = readNewGroup(violations, sent);
        refuse(violations);
        return makeGroup(tx, { fields, name, quotas, now: now() });
      };
      return update(tx, {
        collection: securityGroups,
        name,
        etag,
        now: now(),
        orElse: allowMissing ? make : undefined,
        change: (group) => {
          if (paths.has('display_name')) group.displayName = displayName;
          Object.assign(group, annotations);
          if (paths.has('state')) group.state = state;
          if (paths.has('established_flows')) group.establishedFlows = establishedFlows;
        },
      });
    };
  };
}
