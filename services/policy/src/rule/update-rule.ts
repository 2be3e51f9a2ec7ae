import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { annotationPaths, type Operation, readAnnotations, update } from '@portcullis/resource';
import { checkName, checkUpdateMask } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { rules } from '../documents.js';
import { ruleNames } from '../names.js';
import { checkExpireTime } from './expire-time.js';

const mutable = [...annotationPaths, 'disabled', 'expire_time'] as const;

export function ruleUpdate({
  now,
}: Dependencies): Operation<policyV1.UpdateSecurityGroupRuleRequest, policyV1.SecurityGroupRule> {
  return (violations, { securityGroupRule: sent = create(policyV1.SecurityGroupRuleSchema), updateMask }) => {
    const field = 'security_group_rule';
    checkName(violations, `${field}.name`, sent.name, ruleNames);
    const paths = checkUpdateMask(violations, updateMask, { message: policyV1.SecurityGroupRuleSchema, mutable });
    const annotations = readAnnotations(violations, field, { ...sent, paths });
    if (paths.has('expire_time')) checkExpireTime(violations, `${field}.expire_time`, sent.expireTime, now());
    return (tx) =>
      update(tx, {
        collection: rules,
        name: sent.name,
        etag: sent.etag,
        now: now(),
        change: (rule) => {
          Object.assign(rule, annotations);
          if (paths.has('disabled')) rule.disabled = sent.disabled;
          if (paths.has('expire_time')) {
            delete rule.expireTime;
            if (sent.expireTime) rule.expireTime = sent.expireTime;
            // The new time is to come, or there is none: the rule is in force again.
            rule.expired = false;
          }
        },
      });
  };
}
