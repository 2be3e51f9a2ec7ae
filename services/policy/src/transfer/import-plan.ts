import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { birth, refuse } from '@portcullis/resource';
import { alreadyExists } from '@portcullis/rpc';
import type { Transaction } from '@portcullis/store';
import { checkName, checkOptionalId, quote, Violations } from '@portcullis/store/resource';
import { makeAddressGroup, readNewAddressGroup } from '../address-group/create-address-group.js';
import { defaultRulesUpdate } from '../default-rules/update-default-rules.js';
import type { Dependencies } from '../dependencies.js';
import { addressGroups, defaultRules, rules as ruleCollection, securityGroups } from '../documents.js';
import { networkNames } from '../names.js';
import { readRule } from '../rule/rule-fields.js';
import { ruleIdentity } from '../rule/rule-identity.js';
import { randomRuleName } from '../rule/rule-name.js';
import { readNewGroup } from '../security-group/create-security-group.js';
import { refuseManyItems } from './document.js';
import type { Imported, ImportedDefaultRules, ImportedGroup } from './imported.js';

const { AddressGroupSchema, SecurityGroupRuleSchema, SecurityGroupSchema, SecurityGroupState } = policyV1;

/** What is to be stored, checked as if a caller had sent it. */
export interface ImportPlan {
  readonly groups: readonly PlannedGroup[];
  readonly addressGroups: readonly (MessageInitShape<typeof AddressGroupSchema> & { readonly name: string })[];
  readonly defaultRules: DefaultRulesPlan | undefined;
}

interface DefaultRulesPlan {
  readonly name: string;
  readonly put: (tx: Transaction) => Promise<unknown>;
}

interface PlannedGroup {
  readonly sourceId: string;
  readonly group: policyV1.SecurityGroup;
  readonly rules: readonly policyV1.SecurityGroupRule[];
}

export interface ImportInto {
  /** projects/{project} */
  readonly project: string;
  /** Attached to each group. */
  readonly networks: readonly string[];
  readonly now: Date;
}

/** Throws INVALID_ARGUMENT for what no group, rule or address group can be, by its place in the document. */
export function planImport(imported: Imported, into: ImportInto, dependencies: Dependencies): ImportPlan {
  const items = imported.groups.reduce((sum, { rules }) => sum + 1 + rules.length, imported.addressGroups?.length ?? 0);
  refuseManyItems(items);
  const violations = new Violations();
  const nameOf = new Map(imported.groups.map(({ sourceId, id }) => [sourceId, `${into.project}/securityGroups/${id}`]));
  refuseRepeated(violations, imported.groups);
  refuseRepeated(
    violations,
    (imported.addressGroups ?? []).map(({ path, id }) => ({ path, sourceId: id })),
  );
  const groups = imported.groups.map((group) => planGroup(violations, group, { ...into, nameOf }));
  const lists = (imported.addressGroups ?? []).map(({ path, id, fields }) => {
    checkId(violations, path, id);
    const read = nested(violations, `document.${path}`, 'address_group', (inner) =>
      readNewAddressGroup(inner, create(AddressGroupSchema, fields)),
    );
    return { ...read, name: `${into.project}/addressGroups/${id}` };
  });
  const { defaultRules: first } = imported;
  const planned = first && planDefaultRules(violations, first, { ...into, dependencies });
  refuse(violations);
  return { groups, addressGroups: lists, defaultRules: planned };
}

function planDefaultRules(
  violations: Violations,
  { path, rules, withoutAutomaticRules }: ImportedDefaultRules,
  { project, dependencies }: ImportInto & { readonly dependencies: Dependencies },
): DefaultRulesPlan {
  const name = `${project}/defaultRules`;
  const request = create(policyV1.UpdateDefaultRulesRequestSchema, {
    defaultRules: create(policyV1.DefaultRulesSchema, { name, rules: [...rules], withoutAutomaticRules }),
    updateMask: { paths: ['rules', 'without_automatic_rules'] },
  });
  const put = nested(violations, `document.${path}`, 'default_rules', (inner) =>
    defaultRulesUpdate(dependencies)(inner, request),
  );
  return { name, put };
}

/** The last part of a name. */
function checkId(violations: Violations, path: string, id: string): void {
  const field = `document.${path}.name`;
  if (id === '') violations.add(field, 'FIELD_REQUIRED', 'is required');
  checkOptionalId(violations, field, id);
}

function refuseRepeated(
  violations: Violations,
  groups: readonly { readonly sourceId: string; readonly path: string }[],
): void {
  const seen = new Set<string>();
  for (const { sourceId, path } of groups) {
    if (seen.has(sourceId)) {
      violations.add(`document.${path}`, 'DOCUMENT_MALFORMED', `${quote(sourceId)} is in the document twice`);
    }
    seen.add(sourceId);
  }
}

function planGroup(
  violations: Violations,
  { path, sourceId, id, rules, isDisabled = false, establishedFlows, networks = [], ...said }: ImportedGroup,
  { project, networks: attached, now, nameOf }: ImportInto & { readonly nameOf: ReadonlyMap<string, string> },
): PlannedGroup {
  checkId(violations, path, id);
  for (const [i, each] of networks.entries()) {
    checkName(violations, `document.${path}.networks[${i}]`, each, networkNames);
  }
  const name = `${project}/securityGroups/${id}`;
  const fields = nested(violations, `document.${path}`, 'security_group', (inner) =>
    readNewGroup(
      inner,
      create(SecurityGroupSchema, {
        displayName: said.displayName,
        description: said.description,
        labels: said.labels,
        state: isDisabled ? SecurityGroupState.DISABLED : SecurityGroupState.ENABLED,
        ...(establishedFlows === undefined ? {} : { establishedFlows }),
      }),
    ),
  );
  const group = create(SecurityGroupSchema, {
    ...fields,
    name,
    networks: [...new Set([...networks, ...attached])],
    ...birth(now),
  });
  const names = new Set<string>();
  const firstOf = new Map<string, string>();
  const made = rules.map((rule) => {
    const sent = create(SecurityGroupRuleSchema, {
      ...rule.fields,
      // One that is nobody's name is refused: without a name the rule would match all.
      ...(rule.remote !== undefined && { remoteSecurityGroup: nameOf.get(rule.remote) ?? rule.remote }),
      ...(rule.addressGroup !== undefined && { addressGroup: `${project}/addressGroups/${rule.addressGroup}` }),
    });
    const context = { field: `document.${rule.path}`, project: project.slice('projects/'.length), now };
    const read = readRule(violations, sent, context);
    let ruleName = rule.id === undefined ? randomRuleName(name) : `${name}/rules/${rule.id}`;
    while (rule.id === undefined && names.has(ruleName)) ruleName = randomRuleName(name);
    if (rule.id !== undefined) {
      checkId(violations, rule.path, rule.id);
      if (names.has(ruleName)) {
        violations.add(`document.${rule.path}`, 'DOCUMENT_MALFORMED', `${quote(rule.id)} is in the group twice`);
      }
    }
    names.add(ruleName);
    const planned = create(SecurityGroupRuleSchema, {
      ...read,
      name: ruleName,
      automatic: sent.automatic,
      ...birth(now),
    });
    const identity = ruleIdentity(planned);
    const same = firstOf.get(identity);
    if (same !== undefined) {
      violations.add(`document.${rule.path}`, 'DOCUMENT_MALFORMED', `is the same rule as document.${same}`);
    }
    firstOf.set(identity, same ?? rule.path);
    return planned;
  });
  return { sourceId, group, rules: made };
}

/** Reads with checks that name the field of a request, and names the place in the document instead. */
function nested<Value>(
  violations: Violations,
  place: string,
  field: string,
  read: (inner: Violations) => Value,
): Value {
  const inner = new Violations();
  const value = read(inner);
  for (const { field: at, reason, description } of inner.list) {
    violations.add(at.replace(field, place), reason, description);
  }
  return value;
}

/** Makes everything, in a transaction. Throws ALREADY_EXISTS and QUOTA_EXCEEDED. */
export async function writeImport(
  tx: Transaction,
  { groups, addressGroups: lists, defaultRules: first }: ImportPlan,
  { quotas, now }: Dependencies,
): Promise<void> {
  const names = groups.map(({ group }) => group.name);
  const taken = [
    ...(await securityGroups.getMany(tx, names)).keys(),
    ...(
      await addressGroups.getMany(
        tx,
        lists.map(({ name }) => name),
      )
    ).keys(),
  ];
  if (first && (await defaultRules.get(tx, first.name))) taken.push(first.name);
  if (taken[0] !== undefined) throw alreadyExists(taken[0]);
  for (const list of lists) await makeAddressGroup(tx, list, { quotas, now });
  if (names[0] !== undefined) await quotas.refuseGroup(tx, names[0], names.length);
  for (const { group, rules } of groups) await quotas.refuseRules(tx, group.name, rules.length);
  await securityGroups.put(
    tx,
    groups.map(({ group }) => group),
  );
  await ruleCollection.put(
    tx,
    groups.flatMap(({ rules }) => rules),
  );
  await first?.put(tx);
}
