import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { alreadyExists } from '@portcullis/rpc';
import { ClaimTaken, type Reading, type Store, type Transaction } from '@portcullis/store';
import { checkCount, checkName, Violations } from '@portcullis/store/resource';
import { refuse } from '../api-errors.js';
import type { Dependencies } from '../dependencies.js';
import { rules, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { refuseMissing } from '../lookup.js';
import { securityGroupNames } from '../names.js';
import { birth } from '../new-resource.js';
import { commit } from '../store-access.js';
import { type RuleFields, readRule } from './rule-fields.js';
import { ruleIdentity } from './rule-identity.js';
import { randomRuleName } from './rule-name.js';

const { SecurityGroupRuleSchema } = policyV1;
const maxBatch = 500;

export function createSecurityGroupRule({ store, now }: Dependencies): Handlers['createSecurityGroupRule'] {
  return async ({ parent, securityGroupRule = create(SecurityGroupRuleSchema) }) => {
    const sent = [{ rule: securityGroupRule, field: 'security_group_rule' }];
    const { value, revisionToken } = await createRules(store, {
      parent,
      sent,
      now: now(),
      violations: new Violations(),
    });
    return { securityGroupRule: value[0] as policyV1.SecurityGroupRule, revisionToken };
  };
}

export function batchCreateSecurityGroupRules({ store, now }: Dependencies): Handlers['batchCreateSecurityGroupRules'] {
  return async ({ parent, securityGroupRules }) => {
    const violations = new Violations();
    checkCount(violations, 'security_group_rules', securityGroupRules.length, { min: 1, max: maxBatch });
    const sent = securityGroupRules.map((rule, i) => ({ rule, field: `security_group_rules[${i}]` }));
    const { value, revisionToken } = await createRules(store, { parent, sent, now: now(), violations });
    return { securityGroupRules: value, revisionToken };
  };
}

interface SentRule {
  readonly rule: policyV1.SecurityGroupRule;
  readonly field: string;
}

interface CreateRules {
  readonly parent: string;
  readonly sent: readonly SentRule[];
  readonly now: Date;
  /** What is wrong already. */
  readonly violations: Violations;
}

/** Creates rules, all or none. */
async function createRules(store: Store, { parent, sent, now, violations }: CreateRules) {
  const project = checkName(violations, 'parent', parent, securityGroupNames)?.project ?? '';
  const fields = sent.map(({ rule, field }) => readRule(violations, rule, { field, project, now }));
  refuse(violations);
  const made = fields.map((each) =>
    create(SecurityGroupRuleSchema, { ...each, name: randomRuleName(parent), ...birth(now) }),
  );
  refuseRepeated(made, sent);
  return commit(store, async (tx) => {
    await refuseMissingGroups(tx, parent, fields);
    await chooseFreeNames(tx, parent, made);
    await putNewRules(tx, made, sent);
    return made;
  });
}

/** The same rule twice in one request. */
function refuseRepeated(made: readonly policyV1.SecurityGroupRule[], sent: readonly SentRule[]): void {
  const first = new Map<string, string>();
  for (const [i, rule] of made.entries()) {
    const field = sent[i]?.field ?? '';
    const same = first.get(ruleIdentity(rule));
    if (same !== undefined) throw alreadyExists(same, `${field} is the same rule as ${same}`);
    first.set(ruleIdentity(rule), field);
  }
}

async function refuseMissingGroups(tx: Reading, parent: string, fields: readonly RuleFields[]): Promise<void> {
  const remotes = fields.map(({ remoteSecurityGroup }) => remoteSecurityGroup).filter((name) => name !== '');
  const names = [...new Set([parent, ...remotes])];
  const found = await securityGroups.getMany(tx, names);
  refuseMissing(names.map((name) => ({ name, found: found.get(name) })));
}

async function chooseFreeNames(tx: Reading, group: string, made: readonly policyV1.SecurityGroupRule[]): Promise<void> {
  const taken = await rules.getMany(
    tx,
    made.map(({ name }) => name),
  );
  for (const rule of made) {
    while (taken.has(rule.name) || (taken.size > 0 && (await rules.get(tx, rule.name))))
      rule.name = randomRuleName(group);
  }
}

async function putNewRules(
  tx: Transaction,
  made: readonly policyV1.SecurityGroupRule[],
  sent: readonly SentRule[],
): Promise<void> {
  try {
    await rules.put(tx, made);
  } catch (error) {
    if (!(error instanceof ClaimTaken)) throw error;
    const field = sent[made.findIndex((rule) => ruleIdentity(rule) === error.claim)]?.field;
    throw alreadyExists(error.holder.name, `${field} is the same rule as ${error.holder.name}`);
  }
}
