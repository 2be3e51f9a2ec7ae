import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { policyV1 } from '@portcullis/api';
import { type Operation, update } from '@portcullis/resource';
import { checkCount, checkName, checkUpdateMask, type Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { defaultRules } from '../documents.js';
import { defaultRulesNames, newGroupNames } from '../names.js';
import { refuseMissingGroups, refuseRepeated } from '../rule/create-rules.js';
import { checkPeerName } from '../rule/peer-name.js';
import { readRule } from '../rule/rule-fields.js';

const { DefaultRulesSchema, SecurityGroupRuleSchema } = policyV1;
const mutable = ['rules', 'without_automatic_rules'] as const;
const maxRules = 100;

export function defaultRulesUpdate({
  now,
}: Dependencies): Operation<policyV1.UpdateDefaultRulesRequest, policyV1.DefaultRules> {
  return (violations, { defaultRules: sent = create(DefaultRulesSchema), updateMask }) => {
    const { name, etag, withoutAutomaticRules } = sent;
    const project = checkName(violations, 'default_rules.name', name, defaultRulesNames)?.project ?? '';
    const paths = checkUpdateMask(violations, updateMask, { message: DefaultRulesSchema, mutable });
    const read = paths.has('rules') ? readRules(violations, sent.rules, { project, now: now() }) : undefined;
    const change = (changed: policyV1.DefaultRules) => {
      if (read) changed.rules = read.map(({ rule }) => rule);
      if (paths.has('without_automatic_rules')) changed.withoutAutomaticRules = withoutAutomaticRules;
    };
    return async (tx) => {
      if (read) {
        refuseRepeated(read);
        const others = read.filter(({ rule }) => !isOfNewGroup(rule));
        await refuseMissingGroups(tx, others);
      }
      const make = async () => {
        const made = create(DefaultRulesSchema, { name, updateTime: timestampFromDate(now()) });
        change(made);
        await defaultRules.put(tx, [made]);
        return made;
      };
      return update(tx, { collection: defaultRules, name, etag, now: now(), orElse: make, change });
    };
  };
}

function readRules(
  violations: Violations,
  sent: readonly policyV1.SecurityGroupRule[],
  { project, now }: { project: string; now: Date },
) {
  checkCount(violations, 'default_rules.rules', sent.length, { max: maxRules });
  return sent.slice(0, maxRules).map((rule, i) => {
    const field = `default_rules.rules[${i}]`;
    const { remoteSecurityGroup } = rule;
    const isOfItself = isOfNewGroup(rule);
    if (isOfItself) {
      const peer = { name: remoteSecurityGroup, names: newGroupNames, project };
      checkPeerName(violations, `${field}.remote_security_group`, peer);
    }
    // The new group has no name yet that could be read.
    const readable = isOfItself ? { ...rule, remoteSecurityGroup: '' } : rule;
    const fields = readRule(violations, readable, { field, project, now });
    return { field, rule: create(SecurityGroupRuleSchema, { ...fields, remoteSecurityGroup }) };
  });
}

function isOfNewGroup({ remoteSecurityGroup }: policyV1.SecurityGroupRule): boolean {
  return newGroupNames.parse(remoteSecurityGroup) !== undefined;
}
