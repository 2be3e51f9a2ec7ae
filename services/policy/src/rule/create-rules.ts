import { create } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { birth, refuse, refuseMissing } from '@portcullis/resource';
import { alreadyExists } from '@portcullis/rpc';
import { ClaimTaken, type Reading, type Transaction } from '@portcullis/store';
import { checkCount, checkName, Violations } from '@portcullis/store/resource';
import type { Dependencies } from '../dependencies.js';
import { addressGroups, rules, securityGroups } from '../documents.js';
import type { Handlers } from '../handlers.js';
import { securityGroupNames } from '../names.js';
import type { Quotas } from '../quota/quotas.js';
import { type Expansion, partCount, type RuleInit, readExpansion } from './expand-rules.js';
import { readRule } from './rule-fields.js';
import { ruleIdentity } from './rule-identity.js';
import { randomRuleName } from './rule-name.js';

const { SecurityGroupRuleSchema } = policyV1;
const maxBatch = 500;

/** Of what the rules of expansions share: the answer fits into a message of 4 MiB, which the request is too short to ensure. */
const maxExpandedBytes = 2 << 20;

export function createSecurityGroupRule({ commit, quotas, now }: Dependencies): Handlers['createSecurityGroupRule'] {
  return async (request) => {
    const { parent, securityGroupRule = create(SecurityGroupRuleSchema) } = request;
    const violations = new Violations();
    const field = 'security_group_rule';
    const context = { project: projectIn(violations, parent), now: now() };
    const sent = [{ field, fields: readRule(violations, securityGroupRule, { field, ...context }) }];
    refuse(violations);
    return commit(request, async (tx) => {
      const [made] = await createRules(tx, { parent, sent, quotas, now: now() });
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
    const { parent, securityGroupRules, expansions: sentExpansions, skipExisting } = request;
    const violations = new Violations();
    const context = { project: projectIn(violations, parent), now: now() };
    refuseTooMany(violations, request);
    const single = securityGroupRules.map((rule, i) => {
      const field = `security_group_rules[${i}]`;
      return { field, fields: readRule(violations, rule, { field, ...context }) };
    });
    const expansions = sentExpansions.map((expansion, i) =>
      readExpansion(violations, expansion, { field: `expansions[${i}]`, ...context }),
    );
    checkBatch(violations, single, expansions);
    refuse(violations);
    const sent = [...single, ...expansions.flatMap(({ rules: expanded }) => expanded())];
    return commit(request, async (tx) => ({
      securityGroupRules: await createRules(tx, { parent, sent, skipExisting, quotas, now: now() }),
    }));
  };
}

/** The project of the group that rules are to be added to. */
function projectIn(violations: Violations, parent: string): string {
  return checkName(violations, 'parent', parent, securityGroupNames)?.project ?? '';
}

/** Before any of them is read: a request has room for a million that are wrong. */
function refuseTooMany(
  violations: Violations,
  { securityGroupRules: single, expansions }: policyV1.BatchCreateSecurityGroupRulesRequest,
): void {
  const count = expansions.reduce((sum, expansion) => sum + partCount(expansion), single.length);
  if (count <= maxBatch) return;
  if (expansions.length === 0) checkCount(violations, 'security_group_rules', count, { min: 1, max: maxBatch });
  else violations.add('expansions', 'ITEM_COUNT_OUT_OF_RANGE', countText(count));
  refuse(violations);
}

function countText(count: number): string {
  return `stands for ${count} rules, with security_group_rules; 1-${maxBatch} are allowed`;
}

function checkBatch(violations: Violations, single: readonly SentRule[], expansions: readonly Expansion[]): void {
  if (expansions.length === 0) {
    checkCount(violations, 'security_group_rules', single.length, { min: 1, max: maxBatch });
    return;
  }
  const count = expansions.reduce((sum, expansion) => sum + expansion.count, single.length);
  if (count < 1) {
    violations.add('expansions', 'ITEM_COUNT_OUT_OF_RANGE', countText(count));
    return;
  }
  const byteCount = expansions.reduce((sum, expansion) => sum + expansion.byteCount, 0);
  if (byteCount <= maxExpandedBytes) return;
  const description = `repeats ${byteCount} bytes of descriptions and labels; ${maxExpandedBytes} are allowed`;
  violations.add('expansions', 'EXPANSION_TOO_LARGE', description);
}

/** What a new rule is to say, and the path in the request that says it. */
interface SentRule {
  readonly field: string;
  readonly fields: RuleInit;
}

interface Creation {
  /** The group. */
  readonly parent: string;
  readonly sent: readonly SentRule[];
  /** Takes what the group has already, or is sent twice, in place of ALREADY_EXISTS. */
  readonly skipExisting?: boolean;
  readonly quotas: Quotas;
  readonly now: Date;
}

/** Creates rules of a group, all or none, and returns them in the order of `sent`. */
export async function createRules(
  tx: Transaction,
  { parent, sent, skipExisting = false, quotas, now }: Creation,
): Promise<policyV1.SecurityGroupRule[]> {
  const wanted = sent.map(({ field, fields }) => ({
    field,
    rule: create(SecurityGroupRuleSchema, { ...fields, name: randomRuleName(parent), ...birth(now) }),
  }));
  if (!skipExisting) refuseRepeated(wanted);
  await refuseMissingGroups(tx, wanted, parent);
  const has = skipExisting ? await rulesByIdentity(tx, parent) : new Map<string, policyV1.SecurityGroupRule>();
  const made = wanted.filter(({ rule }) => {
    const identity = ruleIdentity(rule);
    if (has.has(identity)) return false;
    has.set(identity, rule);
    return true;
  });
  await quotas.refuseRules(tx, parent, made.length);
  await chooseFreeNames(tx, parent, made);
  await putNewRules(tx, made);
  return wanted.map(({ rule }) => has.get(ruleIdentity(rule)) ?? rule);
}

async function rulesByIdentity(tx: Reading, parent: string): Promise<Map<string, policyV1.SecurityGroupRule>> {
  const found = new Map<string, policyV1.SecurityGroupRule>();
  for await (const rule of rules.all(tx, { prefix: `${parent}/rules/` })) found.set(ruleIdentity(rule), rule);
  return found;
}

/** A rule, and the path in the request that says it. */
export interface NewRule {
  readonly field: string;
  readonly rule: policyV1.SecurityGroupRule;
}

/** The same rule twice in one request. */
export function refuseRepeated(wanted: readonly NewRule[]): void {
  const first = new Map<string, string>();
  for (const { field, rule } of wanted) {
    const same = first.get(ruleIdentity(rule));
    if (same !== undefined) throw alreadyExists(same, `${field} is the same rule as ${same}`);
    first.set(ruleIdentity(rule), field);
  }
}

/** NOT_FOUND for what rules name, and for the group that they are to be of, if it is known. */
export async function refuseMissingGroups(tx: Reading, wanted: readonly NewRule[], parent = ''): Promise<void> {
  const groups = [...new Set([parent, ...wanted.map(({ rule }) => rule.remoteSecurityGroup)])];
  const lists = [...new Set(wanted.map(({ rule }) => rule.addressGroup))];
  // Only whether they are there: nothing of them is decoded.
  const foundGroups = await tx.getMany(securityGroups.kind, groups);
  const foundLists = await tx.getMany(addressGroups.kind, lists);
  const named = [...groups, ...lists].filter((name) => name !== '');
  refuseMissing(named.map((name) => ({ name, found: foundGroups.get(name) ?? foundLists.get(name) })));
}

async function chooseFreeNames(tx: Reading, group: string, made: readonly NewRule[]): Promise<void> {
  const names = made.map(({ rule }) => rule.name);
  const taken = await tx.getMany(rules.kind, names);
  for (const { rule } of made) {
    while (taken.has(rule.name) || (taken.size > 0 && (await rules.get(tx, rule.name))))
      rule.name = randomRuleName(group);
  }
}

async function putNewRules(tx: Transaction, made: readonly NewRule[]): Promise<void> {
  const documents = made.map(({ rule }) => rule);
  try {
    await rules.put(tx, documents);
  } catch (error) {
    if (!(error instanceof ClaimTaken)) throw error;
    const field = made.find(({ rule }) => ruleIdentity(rule) === error.claim)?.field;
    throw alreadyExists(error.holder.name, `${field} is the same rule as ${error.holder.name}`);
  }
}
