import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { birth, refuse, refuseMissing } from '@portcullis/resource';
import { alreadyExists } from '@portcullis/rpc';
import { ClaimTaken, type Reading, type Transaction } from '@portcullis/store';
import { checkCount, checkName, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { rules, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { securityGroupNames } from '../names.js';
import type { Quotas } from '../quota/quotas.js';
import { readRule } from './rule-fields.js';
import { ruleIdentity } from './rule-identity.js';
import { randomRuleName } from './rule-name.js';

const { SecurityGroupRuleSchema } = policyV1;
const maxBatch = 500;

export function createSecurityGroupRule({ commit, quotas, now }: Dependencies): Handlers['createSecurityGroupRule'] {
  return async (request) => {
    const { parent, securityGroupRule = create(SecurityGroupRuleSchema) } = request;
    const sent = [{ rule: securityGroupRule, field: 'security_group_rule' }];
    const creation = readCreation({ parent, sent, now: now(), violations: new Violations() });
    return commit(request, async (tx) => {
      const [made] = await createRules(tx, { ...creation, quotas });
      return { securityGroupRule: made as policyV1.SecurityGroupRule };
    });
  };
}

export function batchCreateSecurityGroupRules({
  commit,
  quotas,
  now,
}: Dependencies): Handlers['batchCreateSecurityGroupRules'] {
  return async (request) => {
    const { parent, securityGroupRules } = request;
    const violations = new Violations();
    checkCount(violations, 'security_group_rules', securityGroupRules.length, { min: 1, max: maxBatch });
    const sent = securityGroupRules.map((rule, i) => ({ rule, field: `security_group_rules[${i}]` }));
    const creation = readCreation({ parent, sent, now: now(), violations });
    return commit(request, async (tx) => ({ securityGroupRules: await createRules(tx, { ...creation, quotas }) }));
  };
}

interface SentRule {
  readonly rule: policyV1.SecurityGroupRule;
  readonly field: string;
}

interface SentRules {
  readonly parent: string;
  readonly sent: readonly SentRule[];
  readonly now: Date;
  /** What is wrong already. */
  readonly violations: Violations;
}

interface Creation {
  readonly parent: string;
  readonly sent: readonly SentRule[];
  /** What is to be stored, in the order of `sent`. */
  readonly made: policyV1.SecurityGroupRule[];
}

/** Reads new rules. Throws INVALID_ARGUMENT, and ALREADY_EXISTS for the same rule twice. */
function readCreation({ parent, sent, now, violations }: SentRules): Creation {
  const project = checkName(violations, 'parent', parent, securityGroupNames)?.project ?? '';
  const fields = sent.map(({ rule, field }) => readRule(violations, rule, { field, project, now }));
  refuse(violations);
  const made = fields.map((each) =>
    create(SecurityGroupRuleSchema, { ...each, name: randomRuleName(parent), ...birth(now) }),
  );
  refuseRepeated(made, sent);
  return { parent, sent, made };
}

/** Creates rules, all or none. */
async function createRules(
  tx: Transaction,
  { parent, sent, made, quotas }: Creation & { readonly quotas: Quotas },
): Promise<policyV1.SecurityGroupRule[]> {
  await refuseMissingGroups(tx, parent, made);
  await quotas.refuseRules(tx, parent, made.length);
  await chooseFreeNames(tx, parent, made);
  await putNewRules(tx, made, sent);
  return made;
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

async function refuseMissingGroups(
  tx: Reading,
  parent: string,
  made: readonly policyV1.SecurityGroupRule[],
): Promise<void> {
  const remotes = made.map(({ remoteSecurityGroup }) => remoteSecurityGroup).filter((name) => name !== '');
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
