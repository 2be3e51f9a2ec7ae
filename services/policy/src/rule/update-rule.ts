import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { checkName, checkText, checkUpdateMask, Violations } from '@portcullis/store/resource';
import { refuse } from '../api-errors.js';
import type { Dependencies } from '../dependencies.js';
import { rules } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { ruleNames } from '../names.js';
import { commit } from '../store-access.js';
import { maxDescriptionLength } from '../text-limits.js';
import { update } from '../update.js';
import { checkExpireTime } from './expire-time.js';

const mutable = ['description', 'disabled', 'expire_time'] as const;

export function updateSecurityGroupRule({ store, now }: Dependencies): Handlers['updateSecurityGroupRule'] {
  return async ({ securityGroupRule: sent = create(policyV1.SecurityGroupRuleSchema), updateMask }) => {
    const violations = new Violations();
    const field = 'security_group_rule';
    checkName(violations, `${field}.name`, sent.name, ruleNames);
    const paths = checkUpdateMask(violations, updateMask, { message: policyV1.SecurityGroupRuleSchema, mutable });
    if (paths.has('description')) checkText(violations, `${field}.description`, sent.description, maxDescriptionLength);
    if (paths.has('expire_time')) checkExpireTime(violations, `${field}.expire_time`, sent.expireTime, now());
    refuse(violations);
    const { value, revisionToken } = await commit(store, (tx) =>
      update(tx, {
        collection: rules,
        name: sent.name,
        now: now(),
        change: (rule) => {
          if (paths.has('description')) rule.description = sent.description;
          if (paths.has('disabled')) rule.disabled = sent.disabled;
          if (paths.has('expire_time')) {
            delete rule.expireTime;
            if (sent.expireTime) rule.expireTime = sent.expireTime;
            // The new time is to come, or there is none: the rule is in force again.
            rule.expired = false;
          }
        },
      }),
    );
    return { securityGroupRule: value, revisionToken };
  };
}
