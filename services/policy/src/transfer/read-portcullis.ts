import { type DescMessage, fromJson, type JsonValue, type MessageShape } from '@bufbuild/protobuf';
import { policyV1 } from '@portcullis/api';
import { invalidArgument } from '@portcullis/rpc';
import { z } from 'zod';
import { groupOfRule } from '../names.js';
import { expiryOf } from '../rule/expire-time.js';
import { listOf, readDocument } from './document.js';
import {
  Findings,
  type Imported,
  type ImportedAddressGroup,
  type ImportedDefaultRules,
  type ImportedGroup,
  type ImportedRule,
} from './imported.js';

const { ImportEffect, SecurityGroupState } = policyV1;

const item = z.record(z.string(), z.unknown());
const schema = z.looseObject({
  format: z.literal('portcullis.policy.v1'),
  project: z.string(),
  securityGroups: z.array(item),
  securityGroupRules: z.array(item),
  addressGroups: listOf(item),
  defaultRules: item.nullish(),
});

/** Reads a document of ExportProject. What it names in its project is named in the project it is imported into. */
export function readPortcullis(text: string, { project, now }: { project: string; now: Date }): Imported {
  const document = readDocument(text, schema);
  const findings = new Findings('');
  const groups = document.securityGroups.map((json, i) =>
    read(json, policyV1.SecurityGroupSchema, `securityGroups[${i}]`),
  );
  const addressGroups = document.addressGroups.map((json, i) =>
    read(json, policyV1.AddressGroupSchema, `addressGroups[${i}]`),
  );
  const known = {
    remoteSecurityGroup: new Set(groups.map(({ name }) => name)),
    addressGroup: new Set(addressGroups.map(({ name }) => name)),
  };
  const rulesOf = new Map<string, ImportedRule[]>(groups.map(({ name }) => [name, []]));
  for (const [i, json] of document.securityGroupRules.entries()) {
    const path = `securityGroupRules[${i}]`;
    const rule = read(json, policyV1.SecurityGroupRuleSchema, path);
    const rules = rulesOf.get(groupOfRule(rule.name));
    if (rules === undefined)
      throw malformed(`${path}.name`, `${JSON.stringify(rule.name)} is of no group of the document`);
    for (const key of ['remoteSecurityGroup', 'addressGroup'] as const) {
      if (rule[key] !== '' && !known[key].has(rule[key])) {
        throw malformed(`${path}.${key}`, `${JSON.stringify(rule[key])} is not in the document`);
      }
    }
    rules.push(ruleOf(rule, path, { findings, now }));
  }
  return {
    groups: groups.map((group, i) =>
      groupOf(group, { path: `securityGroups[${i}]`, rules: rulesOf, document, project }),
    ),
    addressGroups: addressGroups.map((group, i) => addressGroupOf(group, `addressGroups[${i}]`)),
    defaultRules: document.defaultRules
      ? defaultRulesOf(read(document.defaultRules, policyV1.DefaultRulesSchema, 'defaultRules'), {
          from: document.project,
          project,
          now,
          findings,
        })
      : undefined,
    findings: findings.list,
  };
}

interface DefaultRulesPlace {
  /** The project of the document. */
  readonly from: string;
  readonly project: string;
  readonly now: Date;
  readonly findings: Findings;
}

/** Undefined where the project says nothing about new groups. */
function defaultRulesOf(
  { rules, withoutAutomaticRules }: policyV1.DefaultRules,
  { from, project, now, findings }: DefaultRulesPlace,
): ImportedDefaultRules | undefined {
  if (rules.length === 0 && !withoutAutomaticRules) return undefined;
  const path = 'defaultRules';
  const living = rules.filter(({ expireTime }, i) => {
    if (expireTime === undefined || expiryOf(expireTime) > now.getTime()) return true;
    const message = 'it has expired: no new group would get it, and it is left out';
    findings.add(ImportEffect.SAME, `${path}.rules[${i}]`, { reason: 'RULE_EXPIRED', message });
    return false;
  });
  const moved = (name: string) => (name.startsWith(`${from}/`) ? `${project}${name.slice(from.length)}` : name);
  return {
    path,
    withoutAutomaticRules,
    rules: living.map((rule) => ({
      ...rule,
      remoteSecurityGroup: moved(rule.remoteSecurityGroup),
      addressGroup: moved(rule.addressGroup),
    })),
  };
}

function ruleOf(
  { $typeName: _, name, remoteSecurityGroup, addressGroup, expireTime, expired, ...said }: policyV1.SecurityGroupRule,
  path: string,
  { findings, now }: { findings: Findings; now: Date },
): ImportedRule {
  const hasExpired = expired || (expireTime !== undefined && expiryOf(expireTime) <= now.getTime());
  if (hasExpired) {
    const message = 'it has expired: it becomes a disabled rule';
    findings.list.push({
      path,
      sourceId: lastPart(groupOfRule(name)),
      effect: ImportEffect.SAME,
      reason: 'RULE_EXPIRED',
      message,
    });
  }
  return {
    path,
    id: lastPart(name),
    fields: {
      ...said,
      disabled: said.disabled || hasExpired,
      ...(expireTime !== undefined && !hasExpired && { expireTime }),
    },
    ...(remoteSecurityGroup !== '' && { remote: lastPart(remoteSecurityGroup) }),
    ...(addressGroup !== '' && { addressGroup: lastPart(addressGroup) }),
  };
}

interface GroupPlace {
  readonly path: string;
  readonly rules: ReadonlyMap<string, readonly ImportedRule[]>;
  readonly document: { readonly project: string };
  readonly project: string;
}

function groupOf(
  { name, displayName, description, labels, state, establishedFlows, networks }: policyV1.SecurityGroup,
  { path, rules, document, project }: GroupPlace,
): ImportedGroup {
  const from = `${document.project}/`;
  return {
    path,
    sourceId: lastPart(name),
    id: lastPart(name),
    displayName,
    description,
    labels,
    isDisabled: state === SecurityGroupState.DISABLED,
    establishedFlows,
    networks: networks.map((each) => (each.startsWith(from) ? `${project}/${each.slice(from.length)}` : each)),
    rules: rules.get(name) ?? [],
  };
}

function addressGroupOf(
  { name, displayName, description, labels, cidrs }: policyV1.AddressGroup,
  path: string,
): ImportedAddressGroup {
  return { path, id: lastPart(name), fields: { displayName, description, labels, cidrs } };
}

function read<Desc extends DescMessage>(json: unknown, desc: Desc, path: string): MessageShape<Desc> {
  try {
    // A field that this version does not know might restrict what a rule allows.
    return fromJson(desc, json as JsonValue);
  } catch (error) {
    throw malformed(path, error instanceof Error ? error.message : 'is malformed');
  }
}

function malformed(path: string, description: string) {
  return invalidArgument([{ field: `document.${path}`, reason: 'DOCUMENT_MALFORMED', description }]);
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
